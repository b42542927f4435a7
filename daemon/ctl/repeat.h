/*
 * Repeat: when a message without a receipt is sent again (invariant I2): after 5 s, backing off to 5 min. Pure.
 */
#ifndef POLICEGRID_CTL_REPEAT_H
#define POLICEGRID_CTL_REPEAT_H

#define REPEAT_FIRST_MS 5000
#define REPEAT_LAST_MS 300000

/* Wait before sending number `n` again has no answer; n counts the sendings so far, from 1. Doubles up to REPEAT_LAST_MS. */
static inline long long repeat_delay_ms(unsigned n)
{
        long long delay = REPEAT_FIRST_MS;

        while (n-- > 1 && delay < REPEAT_LAST_MS)
                delay *= 2;
        return delay < REPEAT_LAST_MS ? delay : REPEAT_LAST_MS;
}

#endif
