/* playbook test: the engine has run the walks already when it takes a playbook; here they are shown, and what they leave out. */
#include "ctl/playbook_tools.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/file.h"
#include "engine/playbook/playbook.h"
#include "proto/json.h"

#define PLAYBOOK_BYTES_MAX ((size_t)1 << 20)

static void walk_print(const cJSON *test)
{
        const cJSON *stage;

        printf(" ");
        cJSON_ArrayForEach(stage, json_array(test, "walk")) {
                const char *how = json_string(stage, "how");

                printf(" %s%s%s%s →", json_string(stage, "step"), how != NULL ? " (" : "", how != NULL ? how : "", how != NULL ? ")" : "");
        }
        printf(" %s\n", json_string(test, "end"));
}

static bool step_is_walked(const cJSON *tests, const char *step)
{
        const cJSON *test, *stage;

        cJSON_ArrayForEach(test, tests)
                cJSON_ArrayForEach(stage, json_array(test, "walk"))
                        if (strcmp(json_string(stage, "step"), step) == 0)
                                return true;
        return false;
}

/* How many steps no walk visits; each is named. */
static int steps_missed(const Context *context, const cJSON *tree)
{
        const cJSON *step;
        int n = 0;

        cJSON_ArrayForEach(step, json_object(tree, "steps"))
                if (!step_is_walked(json_array(tree, "test"), step->string)) {
                        printf("  ! %s %s\n", language_pick(context->language, "没有走到的步骤", "no walk visits the step"), step->string);
                        n++;
                }
        return n;
}

static bool file_test(const Context *context, const char *path)
{
        char detail[512] = "";
        size_t n;
        char *text = file_read(path, PLAYBOOK_BYTES_MAX, &n);
        Playbook *playbook = text != NULL ? playbook_new(text, n, detail, sizeof detail) : NULL;
        cJSON *tree = playbook != NULL ? cJSON_Parse(text) : NULL;
        const cJSON *test;
        bool good = playbook != NULL && (playbook_adds(playbook) || cJSON_GetArraySize(json_array(tree, "test")) > 0);

        if (text == NULL)
                printf("✗ %s: %s\n", path, strerror(errno));
        else if (playbook == NULL)
                printf("✗ %s: %s\n", path, detail);
        else
                printf("%s %s: %s\n", good ? "✓" : "✗", path, good ? playbook_name(playbook) : language_pick(context->language, "没有 test", "has no test"));
        cJSON_ArrayForEach(test, json_array(tree, "test"))
                walk_print(test);
        if (good)
                (void)steps_missed(context, tree);
        cJSON_Delete(tree);
        playbook_free(playbook);
        free(text);
        return good;
}

int playbook_test(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        bool good = true;

        (void)verb;
        for (size_t i = 0; arguments_positional(arguments, i) != NULL; i++)
                good &= file_test(context, arguments_positional(arguments, i));
        return good ? EXIT_DONE : EXIT_LOCAL;
}
