/* SPDX-License-Identifier: GPL-2.0 */
/* The state of a socket: engine/state.c. */
#ifndef _XTCP_STATE_H
#define _XTCP_STATE_H

#include <xtcp/tcb.h>

struct sock;

/**
 * xtcp_state_set() - go to another state
 * @sk: socket, locked
 * @state: enum xtcp_state; never TIME_WAIT (close/timewait.c)
 *
 * Traces, and warns of a transition that RFC 9293 figure 5 does not know.
 */
void xtcp_state_set(struct sock *sk, enum xtcp_state state);
const char *xtcp_state_name(unsigned int state);

#endif
