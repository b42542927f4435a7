/* Code: see code.h. One row a code: the word on the wire, a sentence in Chinese, a sentence in English. */
#include "proto/code.h"

#include <assert.h>
#include <string.h>

typedef struct CodeRow {
        const char *name, *zh, *en;
} CodeRow;

static const CodeRow code_rows[CODE_COUNT] = {
        [CODE_NONE] = {"", "", ""},
        [CODE_MALFORMED] = {"malformed", "内容不是一个完整的 JSON 对象。", "The payload is not one complete JSON object."},
        [CODE_UTF8] = {"utf8", "内容不是合法的 UTF-8 文本。", "The payload is not valid UTF-8 text."},
        [CODE_NUL] = {"nul", "文本中含有空字符(\\u0000)。", "The text contains a NUL character (\\u0000)."},
        [CODE_TOO_LARGE] = {"too_large", "内容过大。", "The payload is too large."},
        [CODE_TOO_DEEP] = {"too_deep", "内容嵌套层数过多。", "The payload is nested too deeply."},
        [CODE_DUPLICATE_KEY] = {"duplicate_key", "同一对象中有重复的字段。", "A field occurs twice in one object."},
        [CODE_MISSING] = {"missing", "缺少必填字段。", "A required field is missing."},
        [CODE_TYPE] = {"type", "字段类型不对。", "A field has the wrong type."},
        [CODE_RANGE] = {"range", "字段的值超出允许范围。", "A field's value is out of its bounds."},
        [CODE_TIME] = {"time", "时间格式有误、缺少时区或超出合理范围。",
                       "A time is malformed, has no offset, or is out of range."},
        [CODE_BAD_ID] = {"bad_id", "编号缺失、格式有误或不含日期。", "The id is missing, malformed, or carries no date."},
        [CODE_ID_REUSED] = {"id_reused", "该编号已用于另一条内容不同的消息。", "The id was already used for a different message."},
        [CODE_TOO_OLD] = {"too_old", "编号的日期已超过 400 天。", "The id is older than 400 days."},
        [CODE_UNKNOWN_FIELD] = {"unknown_field", "含有不允许的字段。", "The message has a field that is not allowed here."},
        [CODE_UNKNOWN_KIND] = {"unknown_kind", "没有这种类别。", "There is no such kind."},
        [CODE_UNKNOWN_VERB] = {"unknown_verb", "没有这个操作。", "There is no such verb."},
        [CODE_PRIVACY] = {"privacy", "含有指向个人身份的字段,不予接收。", "A field names a person; such fields are not accepted."},
        [CODE_DENIED] = {"denied", "没有权限。", "You are not allowed to do this."},
        [CODE_FORBIDDEN] = {"forbidden", "本单位不能对该对象做此操作。", "This unit may not do that to this target."},
        [CODE_SEAT] = {"seat", "您现在没有该岗位。", "You do not hold such a seat now."},
        [CODE_BUSY] = {"busy", "系统繁忙,请稍后再试。", "The system is busy; please try again later."},
        [CODE_UNKNOWN_UNIT] = {"unknown_unit", "没有这个单位。", "There is no such unit."},
        [CODE_UNKNOWN_MEMBER] = {"unknown_member", "没有这个成员。", "There is no such member."},
        [CODE_UNKNOWN_TARGET] = {"unknown_target", "没有这个任务、上报、报告或通知。",
                                 "There is no such task, escalation, report or notice."},
        [CODE_UNKNOWN_REFERENCE] = {"unknown_reference", "所引用的预警不存在。", "The warning refers to a warning that is not known."},
        [CODE_STATE] = {"state", "当前状态下不能做此操作。", "The verb is not possible in the present state."},
        [CODE_CLOSED] = {"closed", "该对象已经结束。", "The target is already closed."},
        [CODE_STALE] = {"stale", "内容已有更新,请刷新后再操作。", "The target has changed since; look again before acting."},
        [CODE_NOBODY] = {"nobody", "没有任何单位可以接收。", "It is addressed to no unit."},
        [CODE_LIMIT] = {"limit", "已达到上限。", "A limit was reached."},
        [CODE_DUPLICATE] = {"duplicate", "该标识已被使用。", "The identifier is already in use."},
        [CODE_FORM] = {"form", "填报结果不符合表单要求。", "The result does not fit the form."},
        [CODE_REASON] = {"reason", "需要说明理由。", "A reason is required."},
        [CODE_UNKNOWN_CARD] = {"unknown_card", "没有这张积分卡,或已停用。", "There is no such points card in use."},
        [CODE_CARD_CODE] = {"card_code", "积分卡的卡码不对。", "That is not the points card's code."},
        [CODE_BALANCE] = {"balance", "积分不足。", "There are not enough points."},
        [CODE_ORPHANS] = {"orphans", "该变更会使未结任务失去承办单位。", "The change would leave open tasks without a unit."},
        [CODE_CONFLICT] = {"conflict", "与现有内容冲突或版本不是更新的。", "It conflicts with what is there, or the version is not newer."},
        [CODE_PLAYBOOK] = {"playbook", "处置预案有误,未采用。", "The playbook was refused."},
        [CODE_ORGANISATION] = {"organisation", "组织机构文件有误,未采用。", "The organisation file was refused."},
        [CODE_CATALOGUE] = {"catalogue", "目录有误,未采用。", "The catalogue was refused."},
        [CODE_ENROLMENT] = {"enrolment", "注册码无效、已使用或已过期。", "The enrolment code is unknown, spent or expired."},
        [CODE_LATE] = {"late", "任务此前已结束,本次填报已留存并计数。",
                       "The task had already ended; this was kept and counted, the state is unchanged."},
        [CODE_INTERNAL] = {"internal", "系统内部错误,消息已隔离待查。", "An internal fault; the message was put aside for inspection."},
};

const char *code_name(Code code) {
        assert(code >= CODE_NONE && code < CODE_COUNT);
        return code_rows[code].name;
}

Code code_parse(const char *name) {
        for (int code = CODE_NONE + 1; code < CODE_COUNT; code++)
                if (strcmp(code_rows[code].name, name) == 0)
                        return (Code)code;
        return CODE_NONE;
}

const char *code_sentence_zh(Code code) {
        assert(code >= CODE_NONE && code < CODE_COUNT);
        return code_rows[code].zh;
}

const char *code_sentence_en(Code code) {
        assert(code >= CODE_NONE && code < CODE_COUNT);
        return code_rows[code].en;
}
