// What opentrack's UDP tracker needs of the program that loads it.
#pragma once
#include <QFrame>
#include <QIcon>
#include <QMutex>
#include <QMutexLocker>
#include <QString>

enum Axis { TX, TY, TZ, Yaw, Pitch, Roll };

struct module_status {
    QString error;
};

struct ITracker {
    virtual ~ITracker() = default;
    virtual module_status start_tracker(QFrame *) = 0;
    virtual void data(double *data) = 0;
    static module_status status_ok() { return {}; }
    static module_status error(const QString &text) { return { text }; }
};

struct ITrackerDialog : QObject {
    virtual void register_tracker(ITracker *) = 0;
    virtual void unregister_tracker() = 0;
};

struct Metadata {};

inline QString otr_tr(const char *text) { return text; }

#define OPENTRACK_DECLARE_TRACKER(tracker, dialog, metadata)                                       \
    ITracker *make_tracker() { return new tracker; }
ITracker *make_tracker();
