#include "ctl/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/timestamp.h"

bool zone_parse(const char *text, int *ret_minutes)
{
        int hours, minutes, used = 0;
        char sign;

        if (strcmp(text, "Z") == 0) {
                *ret_minutes = 0;
                return true;
        }
        if (strlen(text) != 6 || sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3 || used != 6)
                return false;
        if ((sign != '+' && sign != '-') || hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
                return false;
        *ret_minutes = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
        return true;
}

/* A local time made complete: `T` for a blank, seconds and the zone's offset where they are missing. */
static bool local_complete(const char *text, int zone_minutes, char *buffer, size_t size)
{
        size_t n = strlen(text);
        int minutes = abs(zone_minutes);

        if ((n != 16 && n != 19) || (text[10] != 'T' && text[10] != ' '))
                return false;
        snprintf(buffer, size, "%.10sT%s%s%c%02d:%02d", text, text + 11, n == 16 ? ":00" : "", zone_minutes < 0 ? '-' : '+', minutes / 60 % 24, minutes % 60);
        return true;
}

bool when_parse(const char *text, int zone_minutes, int64_t now_ms, int64_t *ret_ms)
{
        char complete[64];
        int64_t span;

        if (text[0] == 'P') {
                if (!duration_parse(text, strlen(text), &span))
                        return false;
                *ret_ms = now_ms + span;
                return true;
        }
        if (local_complete(text, zone_minutes, complete, sizeof complete))
                return timestamp_parse(complete, strlen(complete), ret_ms);
        return timestamp_parse(text, strlen(text), ret_ms);
}

void when_format_wire(int64_t ms, int zone_minutes, char *ret)
{
        timestamp_format(ms, zone_minutes, ret);
}

void when_show(const char *wire, int zone_minutes, char *buffer, size_t size)
{
        char local[TIMESTAMP_TEXT_MAX];
        int64_t ms;

        if (wire == NULL || !timestamp_parse(wire, strlen(wire), &ms)) {
                snprintf(buffer, size, "%s", wire != NULL ? wire : "");
                return;
        }
        timestamp_format(ms, zone_minutes, local);
        snprintf(buffer, size, "%.5s %.8s", local + 5, local + 11);
}
