#include "tools/web/pages.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

// NULL: not a file of the page.
static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        { ".html", "text/html; charset=utf-8" }, { ".js", "text/javascript; charset=utf-8" },
        { ".css", "text/css; charset=utf-8" },   { ".svg", "image/svg+xml" },
        { ".txt", "text/plain; charset=utf-8" },
    };
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending != NULL && i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(ending, types[i].ending) == 0) {
            return types[i].type;
        }
    }
    return NULL;
}

static bool add(struct web_pages *pages, const char *directory, const char *name,
                struct mc_error *err)
{
    struct web_page page = { .type = type_of(name) };
    struct stat status;
    const int length = snprintf(page.path, sizeof page.path, "%s/%s", directory, name);
    if (page.type == NULL || name[0] == '.' || strlen(name) >= sizeof page.name ||
        length >= (int)sizeof page.path || stat(page.path, &status) != 0 ||
        !S_ISREG(status.st_mode)) {
        return true; // not a page
    }
    if (pages->count == WEB_PAGES_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: has more than %d files", directory,
                            WEB_PAGES_MAX);
    }
    strcpy(page.name, name);
    pages->pages[pages->count++] = page;
    return true;
}

bool web_pages_load(struct web_pages *pages, const char *directory, struct mc_error *err)
{
    pages->count = 0;
    DIR *entries = opendir(directory);
    if (entries == NULL) {
        return mc_error_set_errno(err, "%s", directory);
    }
    bool good = true;
    for (struct dirent *entry; good && (entry = readdir(entries)) != NULL;) {
        good = add(pages, directory, entry->d_name, err);
    }
    closedir(entries);
    if (good && web_pages_find(pages, "/") == NULL) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: has no index.html", directory);
    }
    return good;
}

const struct web_page *web_pages_find(const struct web_pages *pages, const char *path)
{
    const char *name = strcmp(path, "/") == 0 ? "index.html" : path + 1;
    if (path[0] != '/') {
        return NULL;
    }
    for (int i = 0; i < pages->count; i++) {
        if (strcmp(pages->pages[i].name, name) == 0) {
            return &pages->pages[i];
        }
    }
    return NULL;
}
