#include "engine/check.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "proto/mask.h"

#define TITLE_CHARACTERS_MAX 120

void check_init(Check *check, char *detail, size_t n_detail) {
        assert(n_detail > 0);
        *check = (Check){.detail = detail, .n_detail = n_detail};
        detail[0] = '\0';
}

static bool is_word_char(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '*';
}

/* The word where it looks like a name, else `?`: contents of a refused file are not repeated. */
static const char *safe_word(const char *word, char buffer[static 41]) {
        size_t n = word ? strlen(word) : 0;
        if (n == 0 || n > 40)
                return "?";
        for (size_t i = 0; i < n; i++)
                if (!is_word_char(word[i]))
                        return "?";
        memcpy(buffer, word, n + 1);
        return buffer;
}

/* Cut where a character of UTF-8 ends. */
static void cut_utf8(char *text) {
        size_t n = strlen(text);
        size_t start = n;
        while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
                start--;
        if (start == 0)
                return;
        unsigned char lead = (unsigned char)text[start - 1];
        size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
        if (n - (start - 1) < want)
                text[start - 1] = '\0';
}

bool check_fail_word(Check *check, const char *zh, const char *en, const char *word) {
        if (check->failed)
                return false;
        check->failed = true;
        char buffer[41];
        const char *shown = word ? safe_word(word, buffer) : "";
        const char *space = word ? " " : "";
        snprintf(check->detail, check->n_detail, "%s%s%s%s%s / %s%s%s", check->path, check->n_path > 0 ? ": " : "", zh, space, shown,
                 en, space, shown);
        cut_utf8(check->detail);
        return false;
}

bool check_fail(Check *check, const char *zh, const char *en) {
        return check_fail_word(check, zh, en, NULL);
}

static void path_append(Check *check, const char *text) {
        size_t n = strlen(text);
        if (check->n_path + n >= sizeof check->path)
                n = sizeof check->path - 1 - check->n_path;
        memcpy(check->path + check->n_path, text, n);
        check->n_path += n;
        check->path[check->n_path] = '\0';
}

size_t check_enter(Check *check, const char *name) {
        size_t mark = check->n_path;
        char buffer[41];
        if (mark > 0)
                path_append(check, ".");
        path_append(check, safe_word(name, buffer));
        return mark;
}

size_t check_enter_index(Check *check, size_t index) {
        size_t mark = check->n_path;
        char buffer[32];
        snprintf(buffer, sizeof buffer, "[%zu]", index);
        path_append(check, buffer);
        return mark;
}

void check_leave(Check *check, size_t mark) {
        assert(mark <= check->n_path);
        check->n_path = mark;
        check->path[mark] = '\0';
}

bool check_keys(Check *check, const cJSON *object, const char *const *names) {
        if (!cJSON_IsObject(object))
                return check_fail(check, "应为对象", "must be an object");
        const cJSON *item;
        cJSON_ArrayForEach(item, object) {
                const char *const *name = names;
                while (*name && strcmp(*name, item->string) != 0)
                        name++;
                if (!*name)
                        return check_fail_word(check, "未知字段", "unknown field", item->string);
        }
        return true;
}

static bool is_name(const char *text, bool dots) {
        size_t n = text ? strlen(text) : 0;
        if (n < 1 || n > 32)
                return false;
        for (size_t i = 0; i < n; i++) {
                char c = text[i];
                bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                bool inner = c == '_' || c == '-' || (dots && c == '.' && i + 1 < n && text[i - (i > 0)] != '.');
                if (!plain && !(inner && i > 0))
                        return false;
        }
        return true;
}

bool check_is_name(const char *text) { return is_name(text, false); }
bool check_is_dotted_name(const char *text) { return is_name(text, true); }

const char *check_name(Check *check, const cJSON *object, const char *name, bool required) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
        if (!item && !required)
                return "";
        size_t mark = check_enter(check, name);
        if (!item)
                check_fail(check, "缺少", "missing");
        else if (!cJSON_IsString(item) || !check_is_name(item->valuestring))
                check_fail(check, "名称须为小写字母、数字、-、_，至多32个", "must be a name: a-z, 0-9, -, _, at most 32");
        check_leave(check, mark);
        return check->failed ? NULL : item->valuestring;
}

static bool check_words(Check *check, const cJSON *title, const char *language, const char **ret) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(title, language);
        if (!item)
                return true;
        size_t mark = check_enter(check, language);
        if (!cJSON_IsString(item) || item->valuestring[0] == '\0')
                return check_fail(check, "应为文字", "must be text");
        if (text_count_characters(item->valuestring) > TITLE_CHARACTERS_MAX)
                return check_fail(check, "至多120字", "at most 120 characters");
        *ret = item->valuestring;
        check_leave(check, mark);
        return true;
}

bool check_title(Check *check, const cJSON *object, const char *fallback, const char **ret_zh, const char **ret_en) {
        return check_phrase(check, object, "title", fallback, ret_zh, ret_en);
}

bool check_phrase(Check *check, const cJSON *object, const char *name, const char *fallback, const char **ret_zh, const char **ret_en) {
        static const char *const names[] = {"zh", "en", NULL};
        *ret_zh = *ret_en = fallback;
        const cJSON *title = cJSON_GetObjectItemCaseSensitive(object, name);
        if (!title)
                return true;
        size_t mark = check_enter(check, name);
        if (!check_keys(check, title, names))
                return false;
        const char *zh = NULL, *en = NULL;
        if (!check_words(check, title, "zh", &zh) || !check_words(check, title, "en", &en))
                return false;
        *ret_zh = zh ? zh : en ? en : fallback;
        *ret_en = en ? en : zh ? zh : fallback;
        check_leave(check, mark);
        return true;
}

bool check_int(Check *check, const cJSON *item, int64_t min, int64_t max, int64_t *ret) {
        if (!cJSON_IsNumber(item) || floor(item->valuedouble) != item->valuedouble)
                return check_fail(check, "应为整数", "must be a whole number");
        if (item->valuedouble < (double)min || item->valuedouble > (double)max)
                return check_fail(check, "数值超出范围", "number out of range");
        *ret = (int64_t)item->valuedouble;
        return true;
}

bool check_array(Check *check, const cJSON *item, int max) {
        if (!cJSON_IsArray(item))
                return check_fail(check, "应为数组", "must be an array");
        if (cJSON_GetArraySize(item) > max)
                return check_fail(check, "条目过多", "too many entries");
        return true;
}
