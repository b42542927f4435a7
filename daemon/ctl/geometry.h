/*
 * Geometry: CAP 1.2 polygons and circles (WGS 84, "latitude,longitude") and whether a point lies in one. Pure. Made for areas the size of
 * a country: a polygon's sides are straight in latitude and longitude, and none crosses the antimeridian.
 */
#ifndef POLICEGRID_CTL_GEOMETRY_H
#define POLICEGRID_CTL_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Point { double latitude, longitude; } Point; /* degrees */

/* "lat,lon": within ±90, ±180. */
bool point_parse(const char *text, size_t n, Point *ret);
/*
 * "lat,lon lat,lon …": at least four, the last one the first again (CAP 1.2, 3.2.4). *ret is malloc'ed and the caller's; false when malformed.
 */
bool polygon_parse(const char *text, Point **ret, size_t *ret_n);
bool polygon_contains(const Point *points, size_t n, Point point); /* on the edge: either */
/* "lat,lon radius", radius in kilometres, 0 to 20040 (half the earth). */
bool circle_parse(const char *text, Point *ret_centre, double *ret_km);
bool circle_contains(Point centre, double km, Point point);

#endif
