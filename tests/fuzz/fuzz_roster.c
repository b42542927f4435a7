/*
 * Rosters: the input as the contents of a roster whose hash is right, as a forger could make it. What is taken must be the same when
 * written again, and its lookups and access checks must hold on it.
 */
#include <sodium.h>

#include "proto/access.h"

#include "fuzz.h"

static void use(const Roster *roster) {
        static const char *const tails[] = {"tier1/a/task/+/+", "tier3/b/report", "device/c/event", "+/+/status", "admin/member-add"};
        size_t n_prefix;
        const char *prefix = roster_prefix(roster, &n_prefix);
        for (uint32_t i = 0; i < roster_count_units(roster); i++)
                fuzz_check(roster_find_unit(roster, roster_unit(roster, i)->id) == i);
        for (uint32_t i = 0; i < roster_count_members(roster); i++) {
                const RosterMember *member = roster_member_at(roster, i);
                fuzz_check(roster_find_member(roster, member->id, strlen(member->id)) == member);
                for (size_t t = 0; t < sizeof tails / sizeof *tails; t++) {
                        char topic[128];
                        memcpy(topic, prefix, n_prefix);
                        strcpy(topic + n_prefix, tails[t]);
                        for (int action = ACCESS_PUBLISH; action <= ACCESS_SUBSCRIBE; action++)
                                access_check(roster, member, (AccessAction)action, topic, strlen(topic), 1000);
                }
        }
        for (uint32_t i = 0; roster_binding_at(roster, i) != NULL; i++)
                fuzz_check(roster_find_device(roster, roster_binding_at(roster, i)->device) == roster_binding_at(roster, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Roster *roster = NULL, *bare = NULL;
        fuzz_check((roster_decode(data, size, NULL, &bare) == 0) == (bare != NULL));
        roster_free(bare);
        _cleanup_text_ Text sealed = TEXT_INIT(0), again = TEXT_INIT(0);
        text_append(&sealed, "PGROSTR1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2", 24);
        text_append(&sealed, (const char *)data, size);
        uint8_t hash[ROSTER_HASH_BYTES];
        crypto_generichash(hash, sizeof hash, (const uint8_t *)sealed.data, sealed.n, NULL, 0);
        text_append(&sealed, (const char *)hash, sizeof hash);
        if (roster_decode(sealed.data, sealed.n, NULL, &roster) != 0) {
                fuzz_check(roster == NULL);
                return 0;
        }
        use(roster);
        roster_encode(roster, &again);
        fuzz_check(again.n == sealed.n && memcmp(again.data, sealed.data, again.n) == 0);
        roster_free(roster);
        return 0;
}
