#include "server/connection_list.h"

#include <stddef.h>

#include "server/subscriber.h"

void server_connection_list_append(struct server_connection_list *list,
                                   struct server_subscriber *subscriber)
{
    subscriber->previous = list->last;
    *(list->last == NULL ? &list->first : &list->last->next) = subscriber;
    list->last = subscriber;
    list->count++;
}

void server_connection_list_remove(struct server_connection_list *list,
                                   struct server_subscriber *subscriber)
{
    *(subscriber->previous == NULL ? &list->first : &subscriber->previous->next) = subscriber->next;
    *(subscriber->next == NULL ? &list->last : &subscriber->next->previous) = subscriber->previous;
    if (list->unchecked == subscriber) {
        list->unchecked = subscriber->next;
    }
    list->count--;
}
