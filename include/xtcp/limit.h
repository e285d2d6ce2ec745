/* SPDX-License-Identifier: GPL-2.0 */
/* How often we answer what may be an attack, or a loop: segment/limit.c. */
#ifndef _XTCP_LIMIT_H
#define _XTCP_LIMIT_H

#include <linux/types.h>

struct xtcp_net;

/**
 * xtcp_limit_answer() - may a flow answer one more invalid segment?
 * @xn: namespace; invalid_ratelimit_ms between two answers
 * @last: when the flow last did, in units of its own; 0: never
 *
 * RFC 5961 section 7. Context: whoever owns @last.
 * Return: true, and @last moves; false: be silent.
 */
bool xtcp_limit_answer(struct xtcp_net *xn, u16 *last);

/**
 * xtcp_limit_challenge() - may the namespace send one more challenge ACK?
 * @xn: namespace; about challenge_ack_limit in a second
 *
 * How many exactly is drawn anew each second, so that nobody can count the
 * challenge ACKs of others by what is left (CVE-2016-5696). Any context.
 */
bool xtcp_limit_challenge(struct xtcp_net *xn);

#endif
