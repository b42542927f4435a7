/*
 * Words that statements of several topics are made of. Private to the store's query_*.c.
 */
#ifndef POLICEGRID_STORE_QUERY_WORDS_H
#define POLICEGRID_STORE_QUERY_WORDS_H

#define ROWS(limit) "least(greatest(coalesce(" limit "::integer, 100), 1), 500)"

/* {"total","truncated",NAME:[…]} of the CTE `seen`, whose entries are the columns of `items` (ordered, limited). */
#define LIST(name, limit, items)                                                                                                   \
        " select json_build_object('total', (select count(*) from seen), 'truncated', (select count(*) from seen) > " ROWS(limit)  \
        ", '" name "', coalesce((select json_agg(json_strip_nulls(row_to_json(x))) from (" items " limit " ROWS(limit)             \
        ") x), '[]'::json))"

/* Whether the asker may see task t: by audience and unit, handler or part (of those for which `part` holds); or as its assignee. */
#define AT_UNIT(units, part)                                                                                                       \
        "(t.unit = any(" units "::text[]) or t.handler = any(" units "::text[]) or exists (select from policegrid.task_part p"     \
        " where p.area = t.area and p.task = t.id and p.unit = any(" units "::text[]) and " part "))"
#define TASK_SEEN_BY(part, all, staff, named, member)                                                                              \
        "(t.audience = 'all' and " AT_UNIT(all, part) " or t.audience = 'staff' and " AT_UNIT(staff, part) " or"                   \
        " t.audience = 'named' and " AT_UNIT(named, part) " or t.assignee = " member ")"
#define TASK_SEEN(all, staff, named, member) TASK_SEEN_BY("true", all, staff, named, member)
/* The same of work that still stands with the unit: not what it gave away. */
#define TASK_HELD(all, staff, named, member) TASK_SEEN_BY("p.part_state <> 'transferred'", all, staff, named, member)

/* The town's offset from UTC, which the session's zone is set to. */
#define AHEAD "make_interval(secs => extract(timezone from now()))"

#endif
