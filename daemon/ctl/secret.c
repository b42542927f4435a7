#include "ctl/secret.h"

#include <string.h>
#include <sodium.h>

void secret_letters(char *ret, size_t n)
{
        static const char alphabet[33] = "abcdefghijklmnopqrstuvwxyz234567";

        for (size_t i = 0; i < n; i++)
                ret[i] = alphabet[randombytes_uniform(32)];
        ret[n] = '\0';
}

void secret_generate(char ret[static SECRET_LENGTH + 1])
{
        secret_letters(ret, SECRET_LENGTH);
}

void secret_hash(const char *secret, char ret[static SECRET_HASH_LENGTH + 1])
{
        unsigned char hash[crypto_hash_sha256_BYTES];

        crypto_hash_sha256(hash, (const unsigned char *)secret, strlen(secret));
        sodium_bin2hex(ret, SECRET_HASH_LENGTH + 1, hash, sizeof hash);
}

void secret_generate_area(char ret[static AREA_SECRET_LENGTH + 1])
{
        unsigned char bytes[AREA_SECRET_LENGTH / 2];

        randombytes_buf(bytes, sizeof bytes);
        sodium_bin2hex(ret, AREA_SECRET_LENGTH + 1, bytes, sizeof bytes);
        sodium_memzero(bytes, sizeof bytes);
}
