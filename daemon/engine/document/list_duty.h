/* List of duties: of a unit (its standing duties, how far each round is, its shifts) and of a member (his own rounds and shifts). */
#ifndef POLICEGRID_ENGINE_LIST_DUTY_H
#define POLICEGRID_ENGINE_LIST_DUTY_H

#include "engine/document/list.h"

#define LIST_SHIFTS_MAX 12 /* the one that is on and those to come */

ListOfUnit list_duty_of_unit;
ListOfMember list_duty_of_member;

#endif
