/*
 * The roster as bytes: magic, epoch, version, contents, BLAKE2b of all before it. The contents (area, counts, records) alone give
 * roster_hash, so that two writers of different epochs can see that they hold the same. Decoding goes through the builder: bytes
 * can say nothing that the builder would refuse. Integers are big-endian (wire.h).
 */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "proto/roster_private.h"
#include "proto/wire.h"

static const char magic[8] = {'P', 'G', 'R', 'O', 'S', 'T', 'R', '1'};

#define HEADER_BYTES (sizeof magic + 16)

/* Which of a member's optional parts follow. */
enum { MEMBER_SECRET = 1, MEMBER_PREVIOUS = 2, MEMBER_ENROLMENT = 4, MEMBER_DEVICE = 8, MEMBER_FLAGS = 15 };

static bool bytes_are_set(const uint8_t bytes[static ROSTER_SECRET_BYTES]) {
        return !sodium_is_zero(bytes, ROSTER_SECRET_BYTES);
}

static void secret_write(Text *text, const uint8_t secret[static ROSTER_SECRET_BYTES], int64_t until) {
        wire_write_bytes(text, secret, ROSTER_SECRET_BYTES);
        wire_write_u64(text, (uint64_t)until);
}

static void member_write(Text *text, const Roster *roster, const RosterMember *member) {
        unsigned flags = (bytes_are_set(member->secret[0]) ? MEMBER_SECRET : 0) |
                         (bytes_are_set(member->secret[1]) ? MEMBER_PREVIOUS : 0) |
                         (bytes_are_set(member->enrolment) ? MEMBER_ENROLMENT : 0) |
                         (member->device[0] != '\0' ? MEMBER_DEVICE : 0);
        wire_write_string(text, member->id);
        wire_write_u8(text, (uint8_t)flags);
        if (flags & MEMBER_SECRET)
                secret_write(text, member->secret[0], member->secret_until[0]);
        if (flags & MEMBER_PREVIOUS)
                secret_write(text, member->secret[1], member->secret_until[1]);
        if (flags & MEMBER_ENROLMENT)
                secret_write(text, member->enrolment, member->enrolment_until);
        if (flags & MEMBER_DEVICE)
                wire_write_string(text, member->device);
        wire_write_u8(text, member->n_seats);
        const RosterSeat *seats = roster_seats(roster, member);
        for (size_t i = 0; i < member->n_seats; i++) {
                wire_write_u32(text, seats[i].unit);
                wire_write_u8(text, seats[i].role);
                wire_write_u64(text, (uint64_t)seats[i].from);
                wire_write_u64(text, (uint64_t)seats[i].until);
        }
}

static void contents_write(Text *text, const Roster *roster) {
        wire_write_string(text, roster->area);
        wire_write_u32(text, (uint32_t)roster->n_units);
        wire_write_u32(text, (uint32_t)roster->n_members);
        wire_write_u32(text, (uint32_t)roster->n_bindings);
        for (size_t i = 0; i < roster->n_units; i++) {
                wire_write_string(text, roster->units[i].id);
                wire_write_u8(text, roster->units[i].tier);
                wire_write_u32(text, roster->units[i].parent);
                wire_write_u32(text, roster->units[i].staffed_by);
        }
        for (size_t i = 0; i < roster->n_members; i++)
                member_write(text, roster, &roster->members[i]);
        for (size_t i = 0; i < roster->n_bindings; i++) {
                wire_write_string(text, roster->bindings[i].device);
                wire_write_u32(text, roster->bindings[i].unit);
                wire_write_u32(text, roster->bindings[i].gateway);
        }
}

bool roster_hash_contents(Roster *roster) {
        _cleanup_text_ Text text = TEXT_INIT(0);
        contents_write(&text, roster);
        if (text.failed)
                return false;
        crypto_generichash(roster->hash, sizeof roster->hash, (const uint8_t *)text.data, text.n, NULL, 0);
        sodium_memzero(text.data, text.n);
        return true;
}

void roster_encode(const Roster *roster, Text *ret) {
        size_t start = ret->n;
        wire_write_bytes(ret, magic, sizeof magic);
        wire_write_u64(ret, roster->epoch);
        wire_write_u64(ret, roster->version);
        contents_write(ret, roster);
        if (ret->failed)
                return;
        uint8_t hash[ROSTER_HASH_BYTES];
        crypto_generichash(hash, sizeof hash, (const uint8_t *)ret->data + start, ret->n - start, NULL, 0);
        wire_write_bytes(ret, hash, sizeof hash);
}

static int units_read(WireReader *reader, uint32_t n_units, RosterBuilder *builder) {
        for (uint32_t i = 0; i < n_units; i++) {
                RosterUnit unit = {0};
                wire_read_string(reader, unit.id, sizeof unit.id);
                unit.tier = wire_read_u8(reader);
                unit.parent = wire_read_u32(reader);
                unit.staffed_by = wire_read_u32(reader);
                if (reader->failed)
                        return ROSTER_E_MALFORMED;
                int r = roster_builder_add_unit(builder, &unit);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* A present secret is never all zero: zero means none, and the same roster must have one form only. */
static bool secret_read(WireReader *reader, uint8_t ret[static ROSTER_SECRET_BYTES], int64_t *ret_until) {
        const uint8_t *bytes = wire_read_bytes(reader, ROSTER_SECRET_BYTES);
        *ret_until = (int64_t)wire_read_u64(reader);
        if (reader->failed)
                return false;
        memcpy(ret, bytes, ROSTER_SECRET_BYTES);
        return bytes_are_set(ret);
}

static int member_read(WireReader *reader, RosterMember *ret, RosterSeat seats[static ROSTER_SEATS_MAX]) {
        wire_read_string(reader, ret->id, sizeof ret->id);
        unsigned flags = wire_read_u8(reader);
        if (flags > MEMBER_FLAGS)
                return ROSTER_E_MALFORMED;
        if ((flags & MEMBER_SECRET) && !secret_read(reader, ret->secret[0], &ret->secret_until[0]))
                return ROSTER_E_MALFORMED;
        if ((flags & MEMBER_PREVIOUS) && !secret_read(reader, ret->secret[1], &ret->secret_until[1]))
                return ROSTER_E_MALFORMED;
        if ((flags & MEMBER_ENROLMENT) && !secret_read(reader, ret->enrolment, &ret->enrolment_until))
                return ROSTER_E_MALFORMED;
        if (flags & MEMBER_DEVICE) {
                wire_read_string(reader, ret->device, sizeof ret->device);
                if (ret->device[0] == '\0')
                        return ROSTER_E_MALFORMED;
        }
        ret->n_seats = wire_read_u8(reader);
        if (ret->n_seats > ROSTER_SEATS_MAX)
                return ROSTER_E_LIMIT;
        for (size_t i = 0; i < ret->n_seats; i++) {
                seats[i].unit = wire_read_u32(reader);
                seats[i].role = wire_read_u8(reader);
                seats[i].from = (int64_t)wire_read_u64(reader);
                seats[i].until = (int64_t)wire_read_u64(reader);
        }
        return reader->failed ? ROSTER_E_MALFORMED : 0;
}

static int members_read(WireReader *reader, uint32_t n_members, RosterBuilder *builder) {
        for (uint32_t i = 0; i < n_members; i++) {
                RosterMember member = {0};
                RosterSeat seats[ROSTER_SEATS_MAX] = {0};
                int r = member_read(reader, &member, seats);
                if (r == 0)
                        r = roster_builder_add_member(builder, &member, seats);
                sodium_memzero(&member, sizeof member);
                if (r != 0)
                        return r;
        }
        return 0;
}

static int bindings_read(WireReader *reader, uint32_t n_bindings, RosterBuilder *builder) {
        char previous[NAME_MAX_GRID + 1] = "";
        for (uint32_t i = 0; i < n_bindings; i++) {
                RosterBinding binding = {0};
                wire_read_string(reader, binding.device, sizeof binding.device);
                binding.unit = wire_read_u32(reader);
                binding.gateway = wire_read_u32(reader);
                if (reader->failed || strcmp(previous, binding.device) >= 0)
                        return ROSTER_E_MALFORMED;
                int r = roster_builder_add_binding(builder, &binding);
                if (r != 0)
                        return r;
                memcpy(previous, binding.device, sizeof previous);
        }
        return 0;
}

static int records_read(WireReader *reader, RosterBuilder *builder) {
        uint32_t n_units = wire_read_u32(reader);
        uint32_t n_members = wire_read_u32(reader);
        uint32_t n_bindings = wire_read_u32(reader);
        if (reader->failed)
                return ROSTER_E_MALFORMED;
        if (n_units > ROSTER_UNITS_MAX || n_members > ROSTER_MEMBERS_MAX || n_bindings > ROSTER_MEMBERS_MAX)
                return ROSTER_E_LIMIT;
        int r = units_read(reader, n_units, builder);
        if (r == 0)
                r = members_read(reader, n_members, builder);
        if (r == 0)
                r = bindings_read(reader, n_bindings, builder);
        if (r == 0 && !wire_is_done(reader))
                r = ROSTER_E_MALFORMED;
        return r;
}

static bool hash_is_right(const uint8_t *data, size_t n_data) {
        uint8_t hash[ROSTER_HASH_BYTES];
        crypto_generichash(hash, sizeof hash, data, n_data - sizeof hash, NULL, 0);
        return memcmp(hash, data + n_data - sizeof hash, sizeof hash) == 0;
}

int roster_decode(const void *data, size_t n_data, const char *area, Roster **ret) {
        if (n_data < HEADER_BYTES + ROSTER_HASH_BYTES || memcmp(data, magic, sizeof magic) != 0)
                return ROSTER_E_MALFORMED;
        if (!hash_is_right(data, n_data))
                return ROSTER_E_HASH;
        WireReader reader = {.data = data, .n = n_data - ROSTER_HASH_BYTES, .at = sizeof magic};
        uint64_t epoch = wire_read_u64(&reader);
        uint64_t version = wire_read_u64(&reader);
        char held[AREA_MAX + 1] = "";
        wire_read_string(&reader, held, sizeof held);
        if (reader.failed || !area_is_valid(held, strlen(held)))
                return ROSTER_E_MALFORMED;
        if (area != NULL && strcmp(area, held) != 0)
                return ROSTER_E_AREA;
        RosterBuilder *builder = roster_builder_new(held);
        if (builder == NULL)
                return ROSTER_E_LIMIT;
        int r = records_read(&reader, builder);
        if (r != 0) {
                roster_builder_free(builder);
                return r;
        }
        return roster_builder_finish(builder, epoch, version, ret);
}
