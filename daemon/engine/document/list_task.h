/* List of tasks, list of results: of a unit (what every reader of its lists may see) and of a member (what is theirs). */
#ifndef POLICEGRID_ENGINE_LIST_TASK_H
#define POLICEGRID_ENGINE_LIST_TASK_H

#include "engine/document/list.h"

#define LIST_COUNTED_MAX 128 /* sums in a results list */

ListOfUnit list_task_of_unit, list_result_of_unit;
ListOfMember list_task_of_member, list_result_of_member;

#endif
