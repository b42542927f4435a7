#include "ctl/card.h"

#include <stdio.h>
#include <string.h>
#include <qrencode.h>

#include "ctl/html.h"

static const char page_head[] =
        "<!DOCTYPE html>\n<html lang=\"zh\"><head><meta charset=\"utf-8\"><title>登记卡 · Enrolment cards</title>\n<style>\n"
        "@page{size:A4;margin:12mm}body{font:11pt/1.4 sans-serif;margin:0}\n"
        ".card{display:inline-block;box-sizing:border-box;width:88mm;height:58mm;border:1px dashed #777;padding:4mm;margin:1mm;"
        "page-break-inside:avoid;vertical-align:top;overflow:hidden}\n"
        ".card svg{float:right;width:34mm;height:34mm;margin-left:2mm}.code{font:bold 11pt monospace;clear:both}.small{font-size:8pt;color:#444}\n"
        "</style></head><body>\n";

void card_link(const char *link, const Card *card, Text *ret)
{
        text_append_format(ret, "%s#area=%s&member=%s&code=%s", link, card->area, card->member, card->code);
}

void card_code_grouped(const char *code, char *ret, size_t size)
{
        size_t n = 0;

        for (size_t i = 0; code[i] != '\0' && n + 2 < size; i++) {
                if (i > 0 && i % 4 == 0)
                        ret[n++] = ' ';
                ret[n++] = code[i];
        }
        ret[n] = '\0';
}

/* The QR code as SVG, one rectangle a run of dark modules. Nothing when it cannot be made: the text is on the card too. */
static void qr_append(const char *content, Text *ret)
{
        QRcode *code = QRcode_encodeString8bit(content, 0, QR_ECLEVEL_M);

        if (code == NULL)
                return;
        text_append_format(ret, "<svg viewBox=\"-4 -4 %d %d\" shape-rendering=\"crispEdges\"><path d=\"", code->width + 8, code->width + 8);
        for (int y = 0; y < code->width; y++)
                for (int x = 0, run; x < code->width; x += run) {
                        const unsigned char *modules = code->data + y * code->width;

                        for (run = 1; x + run < code->width && (modules[x] & 1) == (modules[x + run] & 1); run++)
                                ;
                        if (modules[x] & 1)
                                text_append_format(ret, "M%d %dh%dv1h-%dz", x, y, run, run);
                }
        text_append_string(ret, "\"/></svg>");
        QRcode_free(code);
}

static void card_append(const char *link, const Card *card, const char *valid_until, Text *ret)
{
        _cleanup_text_ Text content = TEXT_INIT(1024);
        char grouped[64];

        card_link(link, card, &content);
        card_code_grouped(card->code, grouped, sizeof grouped);
        text_append_string(ret, "<div class=\"card\">");
        qr_append(text_string(&content), ret);
        text_append_string(ret, "<b>");
        html_append(ret, card->unit);
        text_append_string(ret, "</b><br>");
        html_append(ret, card->role);
        if (card->position[0] != '\0') {
                text_append_string(ret, " · ");
                html_append(ret, card->position);
        }
        text_append_string(ret, "<br><span class=\"small\">");
        html_append(ret, card->member);
        text_append_format(ret, "</span><div class=\"code\">%s</div>", grouped);
        text_append_format(ret, "<span class=\"small\">一次有效,%s 前使用;用后请销毁。<br>Works once, until %s; destroy after use.</span></div>\n", valid_until, valid_until);
}

void cards_write_html(const char *area, const char *link, const Seats *seats, const char *valid_until, Text *ret)
{
        text_append_string(ret, page_head);
        for (size_t i = 0; i < seats->n; i++) {
                const SeatWanted *seat = &seats->items[i];
                Card card = {.area = area, .member = seat->member, .unit = seat->unit, .role = role_name(seat->role), .position = seat->position, .code = seat->secret};

                card_append(link, &card, valid_until, ret);
        }
        text_append_string(ret, "</body></html>\n");
}
