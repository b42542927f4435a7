/*
 * catalogue: what mechanisms need beside organisation and playbooks, as one file. `check` reads it with the engine's own checkers,
 * offline; `apply` sends it to the town.
 */
#include "ctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/exchange.h"
#include "ctl/file.h"
#include "engine/catalogue/catalogue.h"
#include "proto/json.h"

#define FILE_BYTES_MAX ((size_t)8 << 20)

/* The file with what is only there for people's eyes (spaces, line ends) taken out; NULL after a complaint. The caller frees. */
static char *text_read(const Context *context, const char *path, cJSON **ret_tree)
{
        size_t n;
        char *text = file_read(path, FILE_BYTES_MAX, &n), *compact;
        Code code;

        if (text == NULL) {
                context_complain(context, "读不了 %s:%s", "cannot read %s: %s", path, strerror(errno));
                return NULL;
        }
        code = json_parse_object(text, n, FILE_BYTES_MAX, ret_tree);
        free(text);
        if (code != CODE_NONE) {
                context_complain(context, "%s:%s", "%s: %s", path, context->language == LANGUAGE_ZH ? code_sentence_zh(code) : code_sentence_en(code));
                return NULL;
        }
        compact = json_print(*ret_tree);
        if (compact == NULL)
                abort();
        return compact;
}

/* The organisation of a file, for what the catalogue names of it; NULL after a complaint. */
static Organisation *organisation_read(const Context *context, const char *path)
{
        char detail[512] = "";
        cJSON *tree = NULL;
        char *text = text_read(context, path, &tree);
        Organisation *empty, *organisation = NULL;

        if (text != NULL) {
                const char *area = json_string(tree, "area");

                cJSON_DeleteItemFromObjectCaseSensitive(tree, "seats_wanted");
                empty = organisation_new(area != NULL ? area : "", 0);
                organisation = organisation_apply_file(empty, tree, 1, 0, detail, sizeof detail);
                organisation_free(empty);
                if (organisation == NULL)
                        context_complain(context, "%s:%s", "%s: %s", path, detail);
        }
        free(text);
        cJSON_Delete(tree);
        return organisation;
}

static void verdict_print(const Context *context, const char *path, const char *fault, const Catalogue *catalogue)
{
        cJSON *line;

        if (!context->json) {
                if (fault != NULL)
                        printf("✗ %s: %s\n", path, fault);
                else
                        printf("✓ %s: %s %lld\n", path, catalogue_name(catalogue), (long long)catalogue_version(catalogue));
                return;
        }
        line = cJSON_CreateObject();
        json_add_string(line, "file", path);
        cJSON_AddBoolToObject(line, "good", fault == NULL);
        json_add_string(line, "fault", fault);
        if (catalogue != NULL) {
                json_add_string(line, "catalogue", catalogue_name(catalogue));
                json_add_int(line, "version", catalogue_version(catalogue));
                json_add_string(line, "hash", catalogue_hash(catalogue));
        }
        data_print(context, line);
        cJSON_Delete(line);
}

static int catalogue_check(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        const char *path = arguments_positional(arguments, 0), *beside = arguments_value(arguments, "organisation");
        char detail[512] = "";
        cJSON *tree = NULL;
        char *text = text_read(context, path, &tree);
        Organisation *organisation = text != NULL && beside != NULL ? organisation_read(context, beside) : NULL;
        Catalogue *catalogue = NULL;
        bool good = false;

        (void)verb;
        if (text != NULL && (beside == NULL || organisation != NULL)) {
                catalogue = catalogue_new(text, strlen(text), detail, sizeof detail);
                good = catalogue != NULL && catalogue_fits(catalogue, organisation, NULL, detail, sizeof detail);
                verdict_print(context, path, good ? NULL : detail, catalogue);
        }
        catalogue_free(catalogue);
        organisation_free(organisation);
        free(text);
        cJSON_Delete(tree);
        return good ? EXIT_DONE : EXIT_LOCAL;
}

static int catalogue_apply(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        const char *path = arguments_positional(arguments, 0);
        char detail[512] = "";
        cJSON *tree = NULL, *body;
        char *text = text_read(context, path, &tree);
        Catalogue *catalogue = text != NULL ? catalogue_new(text, strlen(text), detail, sizeof detail) : NULL;

        (void)verb;
        if (text != NULL && catalogue == NULL)
                context_complain(context, "%s:%s", "%s: %s", path, detail);
        free(text);
        if (catalogue == NULL) {
                cJSON_Delete(tree);
                return EXIT_LOCAL;
        }
        catalogue_free(catalogue);
        body = cJSON_CreateObject();
        cJSON_AddItemToObject(body, "catalogue", tree);
        return exchange_administer(context, "admin/catalogue-apply", body);
}

static int catalogue_show(Context *context, const CommandVerb *verb, const Arguments *arguments)
{
        (void)verb, (void)arguments;
        return exchange_show(context, "catalogue");
}

static const OptionSpec check_options[] = {
        {"organisation", "FILE", false, "也核对所引用的字典、单位等是否在该组织文件中", "check also against this organisation file: dictionaries, units…"},
};

static const CommandVerb verbs[] = {
        {"check", "FILE", 1, 1, check_options, COMMAND_LENGTH(check_options), "检查目录(不联网)", "check a catalogue (offline)", catalogue_check},
        {"apply", "FILE", 1, 1, NULL, 0, "采用一份目录(整份;版本须更新)", "apply a catalogue (the whole; its version must be newer)", catalogue_apply},
        {"show", "", 0, 0, NULL, 0, "显示现行的目录", "show the one in force", catalogue_show},
};

const CommandEntry command_catalogue = {"catalogue", "目录(上报类别、职责等):检查、采用、显示", "the catalogue (report kinds, duties…): check, apply, show", verbs,
                                        COMMAND_LENGTH(verbs)};
