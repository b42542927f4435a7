/*
 * Random town: a stream of commands of every kind, plausible and absurd, from a fixed seed.
 */
#ifndef POLICEGRID_TESTS_ENGINE_RANDOM_TOWN_H
#define POLICEGRID_TESTS_ENGINE_RANDOM_TOWN_H

#include "town.h"

typedef struct Random { uint64_t state; } Random;
uint64_t random_next(Random *random);
unsigned random_below(Random *random, unsigned n);
/* The next command at the town's clock; the clock may move. */
void random_command(Town *town, Random *random, Command *ret);

/* The next command about points: mostly possible, often not (random_points.c). */
void random_points(const Town *town, Random *random, char *member, char *topic, char *body, size_t size);

#endif
