#include "ctl/geometry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EARTH_KM 6371.0
#define RADIUS_MAX_KM 20040.0
#define NUMBER_MAX 32

/* A decimal number, no exponent, no hexadecimal, nothing behind it, whatever the locale. */
static bool number_parse(const char *text, size_t n, double *ret)
{
        char copy[NUMBER_MAX + 1];
        double whole = 0, scale = 1;
        size_t i = 0, n_digits = 0;
        bool negative;

        if (n == 0 || n > NUMBER_MAX)
                return false;
        memcpy(copy, text, n);
        copy[n] = '\0';
        negative = copy[0] == '-';
        i = copy[0] == '-' || copy[0] == '+';
        for (; copy[i] >= '0' && copy[i] <= '9'; i++, n_digits++)
                whole = whole * 10 + (copy[i] - '0');
        if (copy[i] == '.')
                for (i++; copy[i] >= '0' && copy[i] <= '9'; i++, n_digits++) {
                        scale /= 10;
                        whole += (copy[i] - '0') * scale;
                }
        *ret = negative ? -whole : whole;
        return n_digits > 0 && copy[i] == '\0';
}

bool point_parse(const char *text, size_t n, Point *ret)
{
        const char *comma = memchr(text, ',', n);

        return comma != NULL && number_parse(text, (size_t)(comma - text), &ret->latitude) &&
               number_parse(comma + 1, n - (size_t)(comma + 1 - text), &ret->longitude) && fabs(ret->latitude) <= 90 && fabs(ret->longitude) <= 180;
}

bool polygon_parse(const char *text, Point **ret, size_t *ret_n)
{
        static const char blanks[] = " \t\r\n";
        size_t capacity = strlen(text) / 4 + 1; /* "1,1 " is the shortest */
        Point *points = calloc(capacity, sizeof *points);
        size_t n = 0;
        bool fine = points != NULL;

        for (text += strspn(text, blanks); fine && *text != '\0'; text += strspn(text, blanks)) {
                size_t length = strcspn(text, blanks);

                fine = n < capacity && point_parse(text, length, &points[n]);
                n++;
                text += length;
        }
        fine = fine && n >= 4 && points[0].latitude == points[n - 1].latitude && points[0].longitude == points[n - 1].longitude;
        *ret = fine ? points : NULL;
        *ret_n = fine ? n : 0;
        if (!fine)
                free(points);
        return fine;
}

/* How often a line from the point eastwards crosses the edge. */
bool polygon_contains(const Point *points, size_t n, Point point)
{
        bool inside = false;

        for (size_t i = 1; i < n; i++) {
                const Point *a = &points[i - 1], *b = &points[i];

                if ((a->latitude > point.latitude) == (b->latitude > point.latitude))
                        continue;
                if (point.longitude < a->longitude + (b->longitude - a->longitude) * (point.latitude - a->latitude) / (b->latitude - a->latitude))
                        inside = !inside;
        }
        return inside;
}

bool circle_parse(const char *text, Point *ret_centre, double *ret_km)
{
        size_t n;

        text += strspn(text, " \t\r\n");
        n = strcspn(text, " \t\r\n");
        if (!point_parse(text, n, ret_centre))
                return false;
        text += n;
        text += strspn(text, " \t\r\n");
        n = strcspn(text, " \t\r\n");
        return text[n + strspn(text + n, " \t\r\n")] == '\0' && number_parse(text, n, ret_km) && *ret_km >= 0 && *ret_km <= RADIUS_MAX_KM;
}

/* Great circles (haversine). */
bool circle_contains(Point centre, double km, Point point)
{
        const double radian = acos(-1) / 180;
        double latitude = (point.latitude - centre.latitude) * radian / 2, longitude = (point.longitude - centre.longitude) * radian / 2;
        double h = sin(latitude) * sin(latitude) + cos(centre.latitude * radian) * cos(point.latitude * radian) * sin(longitude) * sin(longitude);

        return 2 * EARTH_KM * asin(sqrt(h < 1 ? h : 1)) <= km;
}
