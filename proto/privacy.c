/* Privacy: see privacy.h. The list is one of whole names, not of parts: CAP's senderName, areaDesc and headline stay possible. */
#include "proto/privacy.h"

#include <stdlib.h>
#include <string.h>

#include "proto/mask.h"

#define NAME_BYTES_MAX 32 /* longer names are on no list */

/* In lower case, without `_`, `-` and blanks. */
static const char *const person_fields[] = {
        "fullname", "firstname", "lastname", "realname", "givenname", "familyname", "surname", "personname", "residentname",
        "nickname", "username", "xingming", "idnumber", "idno", "idcard", "idcardno", "idcardnumber",
        "identitynumber", "identitycard", "nationalid", "citizenid", "sfz", "sfzh", "shenfenzheng", "passport", "passportno",
        "phone", "phonenumber", "phoneno", "mobile", "mobilephone", "mobilenumber", "mobileno", "telephone", "tel", "cellphone",
        "shouji", "shoujihao", "dianhua", "email", "wechat", "weixin", "qq", "plate", "plateno", "platenumber", "licenseplate",
        "licenceplate", "carplate", "chepai", "chepaihao", "face", "faceid", "faceimage", "facetoken", "photo", "portrait",
        "fingerprint", "dna", "iris", "bankcard", "bankcardno", "cardno", "cardnumber", "homeaddress", "birthday", "birthdate",
        "dateofbirth", "imei", "imsi", "trajectory",
        "姓名", "名字", "身份证", "身份证号", "身份证号码", "证件号", "证件号码", "护照", "护照号", "电话", "电话号码", "联系电话",
        "手机", "手机号", "手机号码", "车牌", "车牌号", "车牌号码", "号牌", "人脸", "照片", "指纹", "银行卡", "银行卡号", "住址",
        "家庭住址", "家庭地址", "户籍地址", "生日", "出生日期", "微信", "微信号", "轨迹",
};

/* Lower case without separators into buffer[NAME_BYTES_MAX + 1]; "" when the name is too long for the list. */
static void name_fold(const char *name, char *buffer) {
        size_t n = 0;

        for (; *name; name++) {
                if (*name == '_' || *name == '-' || *name == ' ')
                        continue;
                if (n == NAME_BYTES_MAX) {
                        n = 0;
                        break;
                }
                buffer[n++] = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
        }
        buffer[n] = '\0';
}

static bool name_is_person(const char *name, bool with_names) {
        char folded[NAME_BYTES_MAX + 1];

        name_fold(name, folded);
        if (strcmp(folded, "name") == 0)
                return !with_names;
        for (size_t i = 0; i < sizeof person_fields / sizeof *person_fields; i++)
                if (strcmp(folded, person_fields[i]) == 0)
                        return true;
        return false;
}

/* CAP names its parameters and codes in a field of their own. */
static bool value_name_is_person(const cJSON *item) {
        return item->string && strcmp(item->string, "valueName") == 0 && cJSON_IsString(item) && name_is_person(item->valuestring, false);
}

const char *privacy_find_name(const cJSON *tree, bool with_names) {
        const cJSON *child;

        cJSON_ArrayForEach(child, tree) {
                if (child->string && name_is_person(child->string, with_names))
                        return child->string;
                if (value_name_is_person(child))
                        return child->valuestring;
                const char *found = privacy_find_name(child, with_names);
                if (found)
                        return found;
        }
        return NULL;
}

bool privacy_text_is_identity(const char *text) {
        char *copy = strdup(text);
        if (!copy)
                abort();
        bool found = mask_text(copy);
        free(copy);
        return found;
}
