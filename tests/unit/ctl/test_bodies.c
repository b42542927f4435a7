/* The messages built from what was typed, the connection file, whole files, and init. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/action.h"
#include "ctl/alert.h"
#include "ctl/cap_xml.h"
#include "ctl/command.h"
#include "ctl/connection.h"
#include "ctl/file.h"
#include "ctl/secret.h"
#include "proto/json.h"

#define NOW INT64_C(1795248000000) /* 2026-11-21T08:00:00+08:00 */
static const char id[] = "0193a0f0-0000-7000-8000-000000000001";
static char folder[] = "/tmp/policegrid-ctl-XXXXXX";

static Arguments arguments_of(const char *command, const char *verb, int argc, const char *const *argv)
{
        const CommandVerb *found = command_verb_find(command_find(command), verb);
        Arguments arguments;
        const char *culprit;
        int used;

        assert_int_equal(arguments_parse(found->options, found->n_options, argc, (char *const *)argv, false, &arguments, &used, &culprit), ARGUMENTS_OK);
        return arguments;
}

#define ARGUMENTS(command, verb, ...) arguments_of(command, verb, (int)COMMAND_LENGTH(((const char *const[]){__VA_ARGS__})), (const char *const[]){__VA_ARGS__})

static void warning_has_what_cap_requires(void **state)
{
        Arguments arguments = ARGUMENTS("warn", "post", "--event=telecom-fraud", "--headline=谨防", "--severity=Extreme", "--tier=3", "--unit", "chepan", "--expires=PT6H");
        cJSON *alert, *info, *expected;

        (void)state;
        assert_int_equal(alert_build(&arguments, "Alert", NULL, id, NOW, 480, &alert), ALERT_OK);
        assert_string_equal(json_string(alert, "id"), id);
        assert_string_equal(json_string(alert, "identifier"), id);
        assert_string_equal(json_string(alert, "sent"), "2026-11-21T16:00:00+08:00");
        assert_string_equal(json_string(alert, "status"), "Actual");
        assert_string_equal(json_string(alert, "msgType"), "Alert");
        assert_null(json_array(alert, "references"));
        info = cJSON_GetArrayItem(json_array(alert, "info"), 0);
        assert_string_equal(json_string(info, "severity"), "Extreme");
        assert_string_equal(json_string(info, "expires"), "2026-11-21T22:00:00+08:00");
        expected = cJSON_Parse("[{\"areaDesc\":\"所列单位 / the units named\",\"geocode\":[{\"valueName\":\"tier\",\"value\":\"3\"},{\"valueName\":\"unit\",\"value\":\"chepan\"}]}]");
        assert_true(cJSON_Compare(json_array(info, "area"), expected, true));
        cJSON_Delete(expected);
        expected = cJSON_Parse("[{\"valueName\":\"policegrid\",\"value\":\"telecom-fraud\"}]");
        assert_true(cJSON_Compare(json_array(info, "eventCode"), expected, true));
        cJSON_Delete(expected);
        cJSON_Delete(alert);
}

static void update_and_cancel_name_what_they_change(void **state)
{
        Arguments update = ARGUMENTS("warn", "update", "w-1", "--event=x", "--headline=h"), cancel = ARGUMENTS("warn", "cancel", "w-1");
        cJSON *alert;

        (void)state;
        assert_int_equal(alert_build(&update, "Update", "w-1", id, NOW, 480, &alert), ALERT_OK);
        assert_string_equal(cJSON_GetArrayItem(json_array(alert, "references"), 0)->valuestring, "w-1");
        assert_null(json_array(cJSON_GetArrayItem(json_array(alert, "info"), 0), "area")); /* no address: every unit below */
        cJSON_Delete(alert);
        assert_int_equal(alert_build(&cancel, "Cancel", "w-1", id, NOW, 480, &alert), ALERT_OK);
        assert_string_equal(json_string(alert, "msgType"), "Cancel");
        assert_null(json_array(alert, "info")); /* an eventCode of its own would be another event */
        cJSON_Delete(alert);
}

static void wrong_warnings_are_not_sent(void **state)
{
        cJSON *alert;

        (void)state;
#define WRONG(outcome, ...) do { Arguments a = ARGUMENTS("warn", "post", __VA_ARGS__); assert_int_equal(alert_build(&a, "Alert", NULL, id, NOW, 480, &alert), outcome); assert_null(alert); } while (0)
        WRONG(ALERT_E_EVENT, "--headline=h");
        WRONG(ALERT_E_HEADLINE, "--event=x");
        WRONG(ALERT_E_SEVERITY, "--event=x", "--headline=h", "--severity=severe");
        WRONG(ALERT_E_WORD, "--event=x", "--headline=h", "--urgency=soon");
        WRONG(ALERT_E_STATUS, "--event=x", "--headline=h", "--status=Draft");
        WRONG(ALERT_E_TIME, "--event=x", "--headline=h", "--expires=2026-11-21T15:59");
        WRONG(ALERT_E_TIER, "--event=x", "--headline=h", "--tier=4");
#undef WRONG
}

static void actions(void **state)
{
        Arguments complete = ARGUMENTS("task", "complete", "T", "--result=households=120", "--result", "method=visit", "--result=left=-1", "--note=好", "--revision=7");
        Arguments extend = ARGUMENTS("task", "extend", "T", "--until=2026-11-22T09:00", "--by=P1D", "--reason=Rain all week");
        cJSON *body, *expected;

        (void)state;
        assert_int_equal(action_build(&complete, NOW, 480, &body), ACTION_OK);
        expected = cJSON_Parse("{\"revision\":7,\"note\":\"好\",\"result\":{\"households\":120,\"method\":\"visit\",\"left\":-1}}");
        assert_true(cJSON_Compare(body, expected, true));
        cJSON_Delete(expected);
        cJSON_Delete(body);
        assert_int_equal(action_build(&extend, NOW, 480, &body), ACTION_OK);
        expected = cJSON_Parse("{\"until\":\"2026-11-22T09:00:00+08:00\",\"by\":\"P1D\",\"reason\":\"Rain all week\"}");
        assert_true(cJSON_Compare(body, expected, true));
        cJSON_Delete(expected);
        cJSON_Delete(body);
}

static void wrong_actions_are_not_sent(void **state)
{
        cJSON *body;

        (void)state;
#define WRONG(outcome, verb, ...) do { Arguments a = ARGUMENTS("task", verb, __VA_ARGS__); assert_int_equal(action_build(&a, NOW, 480, &body), outcome); assert_null(body); } while (0)
        WRONG(ACTION_E_RESULT, "complete", "--result=households");
        WRONG(ACTION_E_RESULT, "complete", "--result==3");
        WRONG(ACTION_E_RESULT, "complete", "--result=a=1", "--result=a=2");
        WRONG(ACTION_E_REVISION, "accept", "--revision=x");
        WRONG(ACTION_E_REVISION, "accept", "--revision=-1");
        WRONG(ACTION_E_TIME, "extend", "--until=later");
        WRONG(ACTION_E_DURATION, "extend", "--by=2h");
        WRONG(ACTION_E_REASON, "escalate", "--reason=");
        char reason[64 + 201] = "--reason=";
        memset(reason + strlen(reason), 'x', 201);
        WRONG(ACTION_E_REASON, "escalate", reason);
#undef WRONG
}

#define CAP_HEAD "<?xml version=\"1.0\"?><alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">"

static void cap_xml_comes_back_the_same(void **state)
{
        static const char text[] = CAP_HEAD "<identifier> w-1 </identifier><status>Actual</status><references>a,b,c</references><info><category>Security</category>"
                "<category>Fire</category><event>a &lt;b&gt; &amp; c</event><eventCode><valueName>policegrid</valueName><value>x</value></eventCode>"
                "<area><areaDesc>镇</areaDesc><polygon>1,1</polygon><geocode><valueName>tier</valueName><value>3</value></geocode></area></info></alert>";
        _cleanup_text_ Text left_out = {0}, again = {0}, none = {0};
        cJSON *alert, *back, *expected = cJSON_Parse("{\"identifier\":\"w-1\",\"status\":\"Actual\",\"references\":\"a,b,c\",\"info\":[{\"category\":[\"Security\",\"Fire\"],"
                "\"event\":\"a <b> & c\",\"eventCode\":[{\"valueName\":\"policegrid\",\"value\":\"x\"}],\"area\":[{\"areaDesc\":\"镇\",\"geocode\":[{\"valueName\":\"tier\",\"value\":\"3\"}]}]}]}");

        (void)state;
        assert_int_equal(cap_xml_read(text, strlen(text), &alert, &left_out), CAP_XML_OK);
        assert_true(cJSON_Compare(alert, expected, true));
        assert_string_equal(text_string(&left_out), "polygon");
        cJSON_AddStringToObject(alert, "id", "ours");
        cap_xml_write(alert, &again);
        assert_null(strstr(text_string(&again), "ours"));
        assert_int_equal(cap_xml_read(text_string(&again), again.n, &back, &none), CAP_XML_OK);
        assert_true(cJSON_Compare(back, expected, true));
        cJSON_Delete(alert);
        cJSON_Delete(back);
        cJSON_Delete(expected);
}

static void hostile_xml_is_refused(void **state)
{
        static const struct { const char *text; CapXmlOutcome outcome; } cases[] = {
                {"", CAP_XML_E_MALFORMED}, {"<alert>", CAP_XML_E_MALFORMED}, {"<alert/>", CAP_XML_E_OTHER},
                {"<a xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"/>", CAP_XML_E_OTHER},
                {"<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.1\"/>", CAP_XML_E_OTHER},
                {"<!DOCTYPE alert [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><note>&x;</note></alert>", CAP_XML_E_UNSAFE},
                {"<!DOCTYPE alert SYSTEM \"http://127.0.0.1:1/x.dtd\"><alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"/>", CAP_XML_E_UNSAFE},
        };

        (void)state;
        for (size_t i = 0; i < COMMAND_LENGTH(cases); i++) {
                _cleanup_text_ Text left_out = {0};
                cJSON *alert;

                assert_int_equal(cap_xml_read(cases[i].text, strlen(cases[i].text), &alert, &left_out), cases[i].outcome);
                assert_null(alert);
        }
}

static const char *path_of(const char *name)
{
        static char path[128];

        snprintf(path, sizeof path, "%s/%s", folder, name);
        return path;
}

static void connections(void **state)
{
        static const char text[] = "{\"area\":\"140802100\",\"mqtt\":{\"host\":\"127.0.0.1\",\"port\":1883},\"members\":{"
                                   "\"140802100-a\":{\"secret\":\"s\",\"role\":\"admin\",\"tier\":0,\"unit\":\"\"},"
                                   "\"140802100-b\":{\"secret\":\"t\",\"role\":\"officer\",\"tier\":2,\"unit\":\"room-1\"},"
                                   "\"140802100-c\":{\"secret\":\"u\",\"role\":\"officer\",\"tier\":2,\"unit\":\"room-2\"}}}";
        Connection connection;

        (void)state;
        assert_true(file_replace(path_of("c.json"), text, strlen(text), 0600));
        assert_int_equal(connection_load(path_of("c.json"), NULL, ROLE_ADMIN, &connection), CONNECTION_OK);
        assert_string_equal(connection.member, "140802100-a");
        connection_deinit(&connection);
        assert_int_equal(connection_load(path_of("c.json"), "officer@room-2", ROLE_ADMIN, &connection), CONNECTION_OK);
        assert_string_equal(connection.secret, "u");
        assert_int_equal(connection.tier, 2);
        connection_deinit(&connection);
        assert_int_equal(connection_load(path_of("c.json"), "140802100-b", ROLE_ADMIN, &connection), CONNECTION_OK);
        connection_deinit(&connection);
        assert_int_equal(connection_load(path_of("c.json"), "officer@room", ROLE_ADMIN, &connection), CONNECTION_E_MEMBER);
        connection_deinit(&connection);
        assert_int_equal(connection_load(path_of("none.json"), NULL, ROLE_ADMIN, &connection), CONNECTION_E_FILE);
        connection_deinit(&connection);
        assert_true(file_replace(path_of("d.json"), "{}", 2, 0600));
        assert_int_equal(connection_load(path_of("d.json"), NULL, ROLE_ADMIN, &connection), CONNECTION_E_SHAPE);
        connection_deinit(&connection);
}

static void files_are_whole_and_private(void **state)
{
        struct stat status;
        size_t n;
        char *text;

        (void)state;
        umask(0);
        assert_true(file_replace(path_of("s"), "secret", 6, 0600));
        assert_int_equal(stat(path_of("s"), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        assert_null(file_read(path_of("s"), 5, &n));
        text = file_read(path_of("s"), 6, &n);
        assert_string_equal(text, "secret");
        free(text);
        assert_false(file_replace("/nonexistent/x", "a", 1, 0600));
}

static int init(const char *rewrite)
{
        Context context = {.language = LANGUAGE_EN, .zone_minutes = 480, .json = true};
        char templates[160], where[160];
        char *argv[] = {(char *)"init", (char *)"--area=140802100", where, templates, (char *)rewrite};
        int code;

        snprintf(where, sizeof where, "--state=%s/grid", folder);
        snprintf(templates, sizeof templates, "--templates=%s/deploy", TEST_SOURCE_ROOT);
        code = command_run(&context, rewrite != NULL ? 5 : 4, argv);
        context_deinit(&context);
        return code;
}

static void init_makes_secrets_once(void **state)
{
        char *secret, *again, *bootstrap, hash[SECRET_HASH_LENGTH + 1];
        Connection connection;
        struct stat status;
        size_t n;

        (void)state;
        assert_int_equal(init(NULL), EXIT_DONE);
        secret = file_read(path_of("grid/area.secret"), 100, &n);
        assert_int_equal(n, 65);
        assert_int_equal(stat(path_of("grid/area.secret"), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        assert_int_equal(stat(path_of("grid/policegridd.conf"), &status), 0);
        assert_int_equal(stat(path_of("grid/mosquitto.conf"), &status), 0);
        assert_int_equal(connection_load(path_of("grid/connection.json"), NULL, ROLE_ADMIN, &connection), CONNECTION_OK);
        secret_hash(connection.secret, hash);
        bootstrap = file_read(path_of("grid/bootstrap.json"), 4096, &n);
        assert_non_null(strstr(bootstrap, hash));
        assert_null(strstr(bootstrap, connection.secret));
        connection_deinit(&connection);
        assert_int_equal(init("--rewrite"), EXIT_DONE);
        again = file_read(path_of("grid/area.secret"), 100, &n);
        assert_string_equal(secret, again);
        free(again);
        again = file_read(path_of("grid/bootstrap.json"), 4096, &n);
        assert_string_equal(bootstrap, again);
        free(secret);
        free(again);
        free(bootstrap);
}

static int folder_make(void **state)
{
        (void)state;
        return mkdtemp(folder) == NULL;
}

static int folder_remove(void **state)
{
        char command[160];

        (void)state;
        snprintf(command, sizeof command, "rm -rf '%s'", folder);
        return system(command);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(warning_has_what_cap_requires), cmocka_unit_test(update_and_cancel_name_what_they_change),
                cmocka_unit_test(wrong_warnings_are_not_sent), cmocka_unit_test(actions), cmocka_unit_test(wrong_actions_are_not_sent),
                cmocka_unit_test(cap_xml_comes_back_the_same), cmocka_unit_test(hostile_xml_is_refused),
                cmocka_unit_test(connections), cmocka_unit_test(files_are_whole_and_private), cmocka_unit_test(init_makes_secrets_once),
        };

        return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
