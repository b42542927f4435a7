/*
 * Exit codes of policegridctl, the same for every command; scripts depend on them (daemon/ctl/README.md).
 */
#ifndef POLICEGRID_CTL_EXIT_CODE_H
#define POLICEGRID_CTL_EXIT_CODE_H

enum {
        EXIT_DONE = 0,        /* accepted by the town, or done locally */
        EXIT_REJECTED = 1,    /* the town said no: the receipt's code and sentence were printed */
        EXIT_USAGE = 2,       /* the command line is wrong; nothing was sent */
        EXIT_CONNECTION = 3,  /* no broker, or it did not let this member in */
        EXIT_TIMEOUT = 4,     /* no receipt or reply in time: the same message may be sent again */
        EXIT_LOCAL = 5,       /* a local file is missing, unreadable, malformed or must not be overwritten */
};

#endif
