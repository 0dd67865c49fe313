/* The serial protocol: MLPerf Tiny's, and chipcast's commands on top (PROTOCOL.md of this project). */
#ifndef CHIPCAST_PROTOCOL_H
#define CHIPCAST_PROTOCOL_H

#include <stdint.h>

/* Checks timer and alignment, says the boot banner. */
void protocol_start(void);

/* Takes one byte from the host; carries a command out when it is the command's last. */
void protocol_receive(uint8_t byte);

#endif
