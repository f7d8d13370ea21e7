// Reads datagrams from standard input, one a line in hexadecimal, sends each to opentrack's own UDP
// tracker, and prints what it then gives opentrack: six numbers a line. Before each goes a pose that
// no head has, so that a datagram that says the same as the last one is seen, too.
#include <QCoreApplication>
#include <QHostAddress>
#include <QThread>
#include <QUdpSocket>
#include <cstdio>
#include <iostream>
#include <string>

#include "api/plugin-api.hpp"

static bool receive(ITracker *tracker, QUdpSocket &sender, quint16 port, const QByteArray &datagram,
                    bool (*arrived)(const double *), double pose[6])
{
    for (int tries = 0; tries < 50; tries++) {
        sender.writeDatagram(datagram, QHostAddress::LocalHost, port);
        for (int waited_ms = 0; waited_ms < 100; waited_ms++) {
            tracker->data(pose);
            if (arrived(pose))
                return true;
            QThread::msleep(1);
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    const quint16 port = quint16(std::atoi(std::getenv("OPENTRACK_PORT")));
    ITracker *tracker = make_tracker();
    const module_status status = tracker->start_tracker(nullptr);
    if (!status.error.isEmpty()) {
        std::cerr << status.error.toStdString() << "\n";
        return 1;
    }
    QUdpSocket sender;
    double nobody[6], pose[6];
    for (double &value : nobody)
        value = 1e9;
    const QByteArray between(reinterpret_cast<const char *>(nobody), sizeof nobody);
    for (std::string line; std::getline(std::cin, line);) {
        const QByteArray datagram = QByteArray::fromHex(QByteArray::fromStdString(line));
        if (!receive(tracker, sender, port, between, [](const double *p) { return p[0] == 1e9; }, pose) ||
            !receive(tracker, sender, port, datagram, [](const double *p) { return p[0] != 1e9; }, pose)) {
            std::cerr << "opentrack's tracker received nothing\n";
            return 1;
        }
        std::printf("[%.17g,%.17g,%.17g,%.17g,%.17g,%.17g]\n", pose[0], pose[1], pose[2], pose[3],
                    pose[4], pose[5]);
    }
    delete tracker;
    return 0;
}
