/* SPDX-License-Identifier: GPL-2.0 */
/* What may be sent now: engine/push.c. Under the socket lock. */
#ifndef _XTCP_PUSH_H
#define _XTCP_PUSH_H

#include <linux/types.h>

struct sock;

/**
 * xtcp_push_fin() - put a FIN behind all text and send what may be sent
 * @sk: socket, locked, whose state says already that it closes
 *
 * Does nothing the second time. Context: process; waits for memory.
 */
void xtcp_push_fin(struct sock *sk);
/**
 * xtcp_push_text() - send what windows, Nagle and MSS allow
 * @sk: socket, locked, in any state
 *
 * Lost segments first (RFC 5681), then new text (RFC 9293 3.7.4, 3.8.6.2.1).
 * Arms the persist timer when something waits and nothing is on its way.
 */
void xtcp_push_text(struct sock *sk);
/**
 * xtcp_push_room() - a segment of @sk has left this machine
 * @sk: socket
 *
 * If that is what the rest waits for it goes soon. Context: any but hard interrupts.
 */
void xtcp_push_room(struct sock *sk);
/* The user let go, or a batch is over: send what waited for room in this machine. */
void xtcp_push_deferred(struct sock *sk);
/* Persist timer: send what fits into the window; false if nothing does (3.8.6.1). */
bool xtcp_push_override(struct sock *sk);

#endif
