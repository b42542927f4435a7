/*
 * Access: one table, one function. The table says what a role may do for the unit where its seat is (own), for the units below, or
 * for the whole area; everything that it does not name is denied. access_shape.c takes the topic or filter apart.
 *
 * Rules beside the table:
 *  - own: the seat's unit, or a unit that the seat's unit staffs (`staffed_by`). Below: any unit under the seat's unit, by parent.
 *  - The tier in the path is the unit's tier in the roster.
 *  - A seat counts from `from` up to, not including, `until`.
 *  - `member/{member}/…` is that member's alone: it may always publish `request` with any seat, `query` unless the table says no, and
 *    receive `receipt`, `reply` and its lists even after its last seat has ended, so that the last outcomes arrive.
 *  - `device/{device}/…` is published by the member that is this device (a gateway is one too) or by the gateway it is bound to.
 *  - `gateway/{gateway}/notify` is received by the member of that name, with a gateway's seat.
 *  - `daemon/mark` is received by every member.
 *  - A filter is allowed when all that it can match is allowed. `+` stands for a whole level: any target, name, and audience (an
 *    audience `+` needs one readable audience: each message is judged again on its way out). `+` for the unit or the tier needs the
 *    right for the whole area: by the table, or as own-and-below at the area's only root. `#` stands only below `task` and
 *    `escalation`, and only where all three audiences may be read.
 */
#include "proto/access.h"

#include <string.h>

#include "proto/access_shape.h"

/* How far a right reaches. */
enum {
        O = 1,         /* own unit */
        B = 2,         /* units below */
        A = 4,         /* the whole area */
        R = 8,         /* own unit if it is of tier 2: a police room */
        OB = O | B,
};

/* Extra words of a cell. */
enum {
        Y = 1, /* yes, whatever the unit */
        F = 2, /* few: volunteers' verbs; security administrators' verbs */
};

typedef struct Rights {
        uint8_t warning, report, action;                 /* publish as the unit */
        uint8_t verbs, query, admin;                     /* F: few; Y: yes */
        uint8_t all, staff, named;                       /* receive: tasks and escalations by audience */
        uint8_t notice, list, status, device, presence;  /* receive */
} Rights;

static const Rights table[ROLE_COUNT] = {
        /*                       publish                                  receive                                         */
        /*                       warn rep act  verbs query admin          all staff named  notice list status device pres. */
        [ROLE_COMMANDER] =      {O,   O,  O,   Y,    Y,    0,             OB, OB,   OB,    OB,    OB,  OB,    OB,    OB},
        [ROLE_OFFICER] =        {R,   O,  O,   Y,    Y,    0,             OB, OB,   OB,    OB,    OB,  OB,    OB,    OB},
        [ROLE_AUXILIARY] =      {0,   O,  O,   Y,    Y,    0,             OB, OB,   B,     OB,    OB,  OB,    OB,    0},
        [ROLE_GRID_HEAD] =      {0,   O,  O,   Y,    Y,    0,             OB, OB,   OB,    OB,    OB,  OB,    OB,    OB},
        [ROLE_GRID_WORKER] =    {0,   O,  O,   Y,    Y,    0,             O,  O,    0,     O,     O,   O,     O,     0},
        [ROLE_VOLUNTEER] =      {0,   O,  O,   F,    Y,    0,             O,  0,    0,     O,     O,   O,     0,     0},
        [ROLE_PARTNER] =        {0,   O,  O,   Y,    Y,    0,             O,  O,    0,     O,     O,   O,     O,     0},
        [ROLE_DEVICE] =         {0,   0,  0,   0,    0,    0,             0,  0,    0,     0,     0,   0,     0,     0},
        [ROLE_GATEWAY] =        {0,   0,  0,   0,    0,    0,             0,  0,    0,     0,     0,   0,     0,     0},
        [ROLE_SHOP] =           {0,   0,  0,   0,    Y,    0,             0,  0,    0,     0,     0,   0,     0,     0},
        [ROLE_DASHBOARD] =      {0,   0,  0,   0,    Y,    0,             OB, OB,   0,     OB,    OB,  OB,    OB,    0},
        [ROLE_ADMIN] =          {0,   0,  0,   0,    Y,    Y,             0,  0,    0,     A,     A,   A,     0,     0},
        [ROLE_SECURITY_ADMIN] = {0,   0,  0,   0,    Y,    F,             0,  0,    0,     0,     0,   0,     0,     0},
        [ROLE_AUDITOR] =        {0,   0,  0,   0,    Y,    0,             0,  0,    0,     A,     A,   A,     0,     0},
};

/* Verbs of a cell F in `verbs`. */
static bool verb_is_volunteers(Verb verb) {
        return verb == VERB_SEEN || verb == VERB_ACK || verb == VERB_COMMENT || verb == VERB_ACCEPT || verb == VERB_START ||
               verb == VERB_PROGRESS || verb == VERB_COMPLETE;
}

/* Names of a cell F in `admin`. */
static bool admin_is_security(const Span *name) {
        return span_is(name, "member-revoke") || span_is(name, "member-enrol");
}

typedef struct Question {
        const Roster *roster;
        const RosterMember *member;
        AccessAction action;
        const Shape *shape;
        int64_t now_ms;
} Question;

static bool seat_counts(const RosterSeat *seat, int64_t now_ms) { return seat->from <= now_ms && now_ms < seat->until; }

/* The reach that `rights` give for what is asked, unit aside. A filter with an open audience asks for one of them, `#` for each. */
static unsigned rights_reach(const Rights *rights, const Question *question) {
        const Shape *shape = question->shape;
        switch (shape->kind) {
        case TOPIC_WARNING:
                return rights->warning;
        case TOPIC_REPORT:
                return rights->report;
        case TOPIC_ACTION:
                return rights->verbs == F && !verb_is_volunteers(shape->verb) ? 0 : rights->action;
        case TOPIC_TASK:
        case TOPIC_ESCALATION:
                if (shape->every_audience)
                        return rights->all & rights->staff & rights->named;
                return shape->audience == AUDIENCE_ALL     ? rights->all
                       : shape->audience == AUDIENCE_STAFF ? rights->staff
                       : shape->audience == AUDIENCE_NAMED ? rights->named
                                                           : (unsigned)(rights->all | rights->staff | rights->named);
        case TOPIC_NOTICE:
                return rights->notice;
        case TOPIC_LIST:
                return rights->list;
        case TOPIC_STATUS:
                return rights->status;
        case TOPIC_DEVICE:
                return rights->device;
        case TOPIC_PRESENCE:
                return rights->presence;
        default:
                return 0;
        }
}

static bool reach_covers_area(unsigned reach, const Roster *roster, const RosterSeat *seat) {
        return (reach & A) != 0 || ((reach & OB) == OB && seat->unit != ROSTER_NONE && seat->unit == roster_root(roster));
}

/* Whether a seat's reach touches that unit. */
static bool reach_covers_unit(unsigned reach, const Roster *roster, const RosterSeat *seat, uint32_t unit) {
        if (reach & A)
                return true;
        if (seat->unit == ROSTER_NONE)
                return false;
        const RosterUnit *there = roster_unit(roster, unit);
        if (seat->unit == unit)
                return (reach & O) != 0 || ((reach & R) != 0 && there->tier == 2);
        if ((reach & O) && there->staffed_by == seat->unit)
                return true;
        return (reach & B) && roster_is_above(roster, seat->unit, unit);
}

/* Topics of a unit: some seat's right must reach it. */
static AccessAnswer check_unit(const Question *question) {
        const Roster *roster = question->roster;
        const Shape *shape = question->shape;
        uint32_t unit = ROSTER_NONE;
        if (!shape->any_unit) {
                unit = roster_find_unit_n(roster, shape->unit.text, shape->unit.n);
                if (unit == ROSTER_NONE)
                        return ACCESS_DENIED_UNIT;
                if (!shape->any_tier && roster_unit(roster, unit)->tier != shape->tier)
                        return ACCESS_DENIED_TIER;
        }
        bool open = shape->any_unit || shape->any_tier;
        AccessAnswer answer = ACCESS_DENIED_ROLE;
        const RosterSeat *seats = roster_seats(roster, question->member);
        for (unsigned i = 0; i < question->member->n_seats; i++) {
                if (!seat_counts(&seats[i], question->now_ms))
                        continue;
                unsigned reach = rights_reach(&table[seats[i].role], question);
                if (reach == 0)
                        continue;
                if (open ? reach_covers_area(reach, roster, &seats[i]) : reach_covers_unit(reach, roster, &seats[i], unit))
                        return ACCESS_ALLOWED;
                answer = open ? ACCESS_DENIED_SUBSET : ACCESS_DENIED_UNIT;
        }
        return answer;
}

static bool member_holds(const Question *question, unsigned roles) {
        const RosterSeat *seats = roster_seats(question->roster, question->member);
        for (unsigned i = 0; i < question->member->n_seats; i++)
                if ((roles >> seats[i].role & 1) != 0 && seat_counts(&seats[i], question->now_ms))
                        return true;
        return false;
}

static AccessAnswer check_admin(const Question *question) {
        bool security = admin_is_security(&question->shape->name);
        unsigned roles = 0;
        for (unsigned role = 0; role < ROLE_COUNT; role++)
                if (table[role].admin == Y || (table[role].admin == F && security))
                        roles |= 1u << role;
        return member_holds(question, roles) ? ACCESS_ALLOWED : ACCESS_DENIED_ROLE;
}

static AccessAnswer check_query(const Question *question) {
        unsigned roles = 0;
        for (unsigned role = 0; role < ROLE_COUNT; role++)
                if (table[role].query == Y)
                        roles |= 1u << role;
        return member_holds(question, roles) ? ACCESS_ALLOWED : ACCESS_DENIED_ROLE;
}

static AccessAnswer check_device(const Question *question) {
        const Span *name = &question->shape->name;
        if (member_holds(question, 1u << ROLE_DEVICE | 1u << ROLE_GATEWAY) && span_is(name, question->member->device))
                return ACCESS_ALLOWED;
        if (!member_holds(question, 1u << ROLE_DEVICE | 1u << ROLE_GATEWAY))
                return ACCESS_DENIED_ROLE;
        char device[NAME_MAX_GRID + 1];
        memcpy(device, name->text, name->n);
        device[name->n] = '\0';
        const RosterBinding *binding = roster_find_device(question->roster, device);
        if (binding != NULL && binding->gateway == roster_member_index(question->roster, question->member) &&
            member_holds(question, 1u << ROLE_GATEWAY))
                return ACCESS_ALLOWED;
        return ACCESS_DENIED_MEMBER;
}

static AccessAnswer check_publish(const Question *question) {
        const Shape *shape = question->shape;
        switch (shape->kind) {
        case TOPIC_WARNING:
        case TOPIC_REPORT:
        case TOPIC_ACTION:
                return check_unit(question);
        case TOPIC_DEVICE_HEARTBEAT:
        case TOPIC_DEVICE_EVENT:
                return check_device(question);
        case TOPIC_QUERY:
                return span_is(&shape->name, question->member->id) ? check_query(question) : ACCESS_DENIED_MEMBER;
        case TOPIC_REQUEST:
                if (!span_is(&shape->name, question->member->id))
                        return ACCESS_DENIED_MEMBER;
                return member_holds(question, ~0u) ? ACCESS_ALLOWED : ACCESS_DENIED_ROLE;
        case TOPIC_ADMIN:
                return check_admin(question);
        default:
                return ACCESS_DENIED_ROLE;
        }
}

/* Receiving a topic, or subscribing to a filter. */
static AccessAnswer check_receive(const Question *question) {
        const Shape *shape = question->shape;
        switch (shape->kind) {
        case TOPIC_TASK:
        case TOPIC_ESCALATION:
        case TOPIC_NOTICE:
        case TOPIC_LIST:
        case TOPIC_STATUS:
        case TOPIC_DEVICE:
        case TOPIC_PRESENCE:
                return check_unit(question);
        case TOPIC_RECEIPT:
        case TOPIC_REPLY:
        case TOPIC_MEMBER_LIST:
                return span_is(&shape->name, question->member->id) ? ACCESS_ALLOWED : ACCESS_DENIED_MEMBER;
        case TOPIC_NOTIFY:
                if (!span_is(&shape->name, question->member->id))
                        return ACCESS_DENIED_MEMBER;
                return member_holds(question, 1u << ROLE_GATEWAY) ? ACCESS_ALLOWED : ACCESS_DENIED_ROLE;
        case TOPIC_MARK:
                return ACCESS_ALLOWED;
        default:
                return ACCESS_DENIED_ROLE;
        }
}

AccessAnswer access_check(const Roster *roster, const RosterMember *member, AccessAction action, const char *topic,
                          size_t n_topic, int64_t now_ms) {
        size_t n_prefix;
        const char *prefix = roster_prefix(roster, &n_prefix);
        Shape shape;
        AccessAnswer answer = shape_read(prefix, n_prefix, action == ACCESS_SUBSCRIBE, topic, n_topic, &shape);
        if (answer != ACCESS_ALLOWED)
                return answer;
        Question question = {.roster = roster, .member = member, .action = action, .shape = &shape, .now_ms = now_ms};
        return action == ACCESS_PUBLISH ? check_publish(&question) : check_receive(&question);
}

AccessAnswer access_check_enrolling(const char *area, const char *member, AccessAction action, const char *topic, size_t n_topic) {
        static const char *const words[] = {[ACCESS_PUBLISH] = "/request", [ACCESS_RECEIVE] = "/receipt", [ACCESS_SUBSCRIBE] = "/receipt"};
        const char *const parts[] = {"grid/v1/", area, "/member/", member, words[action]};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
                size_t n = strlen(parts[i]);
                if (n_topic < n || memcmp(topic, parts[i], n) != 0)
                        return ACCESS_DENIED_ROLE;
                topic += n;
                n_topic -= n;
        }
        return n_topic == 0 ? ACCESS_ALLOWED : ACCESS_DENIED_ROLE;
}

/* Wildcards of a daemon's filter stand for whole levels, `#` at the end (MQTT 5, 4.7.1); no $share: its read check strands messages. */
static bool filter_is_sound(const char *text, size_t n) {
        for (size_t i = 0; i < n; i++) {
                bool opens = i == 0 || text[i - 1] == '/';
                bool closes = i + 1 == n || text[i + 1] == '/';
                if ((text[i] == '+' && !(opens && closes)) || (text[i] == '#' && !(opens && i + 1 == n)))
                        return false;
        }
        return true;
}

AccessAnswer access_check_daemon(const char *area, AccessAction action, const char *topic, size_t n_topic) {
        static const char control[] = "$CONTROL/policegrid/v1";
        if (action == ACCESS_PUBLISH && n_topic == sizeof control - 1 && memcmp(topic, control, n_topic) == 0)
                return ACCESS_ALLOWED;
        static const char root[] = "grid/v1/";
        size_t n_root = sizeof root - 1, n_area = strlen(area);
        if (n_topic < n_root || memcmp(topic, root, n_root) != 0)
                return ACCESS_DENIED_TOPIC;
        if (n_topic <= n_root + n_area || memcmp(topic + n_root, area, n_area) != 0 || topic[n_root + n_area] != '/')
                return ACCESS_DENIED_AREA;
        const char *rest = topic + n_root + n_area + 1;
        size_t n_rest = n_topic - n_root - n_area - 1;
        if (action == ACCESS_PUBLISH)
                return n_rest == 11 && memcmp(rest, "daemon/mark", 11) == 0 ? ACCESS_ALLOWED : ACCESS_DENIED_ROLE;
        if (memchr(topic, '\0', n_topic) != NULL || n_rest == 0)
                return ACCESS_DENIED_TOPIC;
        return action == ACCESS_RECEIVE || filter_is_sound(rest, n_rest) ? ACCESS_ALLOWED : ACCESS_DENIED_SUBSET;
}

const char *access_answer_name(AccessAnswer answer) {
        static const char *const names[ACCESS_ANSWER_COUNT] = {
                [ACCESS_ALLOWED] = "allowed",      [ACCESS_DENIED_TOPIC] = "topic", [ACCESS_DENIED_AREA] = "area",
                [ACCESS_DENIED_ROLE] = "role",     [ACCESS_DENIED_UNIT] = "unit",   [ACCESS_DENIED_TIER] = "tier",
                [ACCESS_DENIED_MEMBER] = "member", [ACCESS_DENIED_SUBSET] = "subset",
        };
        return answer < ACCESS_ANSWER_COUNT ? names[answer] : "unknown";
}
