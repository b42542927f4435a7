/* The personal list of points: the member's own card, and what waits for his confirmation. */
#include "engine/points/points.h"

static void entry_write(const ListContext *context, const Redemption *redemption, ListEntries *entries) {
        list_entry_start(entries);
        text_append_format(entries->text, "{\"redemption\":\"%s\",\"unit\":\"%s\",\"goods\":\"%s\",\"count\":%u,\"points\":%lld", redemption->id,
                           redemption->unit, redemption->goods, redemption->count, (long long)redemption->points);
        list_add_time(context, entries->text, "expires_at", redemption->expires_at);
        text_append_char(entries->text, '}');
}

bool points_list_is_wanted(const State *state, const Member *member) {
        return state_holder_of_member(state, member->id) != NULL;
}

void points_list_of_member(const ListContext *context, const Member *member, Text *text) {
        const Holder *holder = state_holder_of_member(context->state, member->id);
        Redemption *const *open;
        size_t n = holder ? state_redemptions_of_card(context->state, holder->card, &open) : 0;
        ListEntries entries;
        text_append_format(text, ",\"total\":%zu", n);
        if (holder)
                text_append_format(text, ",\"card\":\"%s\",\"balance\":%lld,\"reserved\":%lld", holder->card, (long long)holder->balance,
                                   (long long)holder->reserved);
        list_open(&entries, text);
        for (size_t i = 0; i < n; i++) {
                entry_write(context, open[i], &entries);
                if (!list_entry_end(&entries))
                        break;
        }
        list_close(&entries, n);
}
