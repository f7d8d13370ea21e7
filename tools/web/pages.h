// The files of the page: those of one directory, by name. Only names in the
// table exist: no path from outside ever reaches the file system.
#pragma once

#include "base/error.h"

enum {
    WEB_PAGES_MAX = 64,
    WEB_PAGE_NAME_BYTES = 64,
    WEB_PAGE_PATH_BYTES = 512,
};

struct web_page {
    char name[WEB_PAGE_NAME_BYTES]; // "app.js"
    char path[WEB_PAGE_PATH_BYTES];
    const char *type; // "text/javascript; charset=utf-8"
};

struct web_pages {
    int count;
    struct web_page pages[WEB_PAGES_MAX];
};

// Lists the directory: plain files of known types. Fails when there is no
// index.html among them.
bool web_pages_load(struct web_pages *pages, const char *directory,
                    struct mc_error *err) MC_MUST_USE;

// For the path of a request: "/" is index.html. NULL: no such page.
const struct web_page *web_pages_find(const struct web_pages *pages, const char *path);
