/* SPDX-License-Identifier: GPL-2.0 */
/* Answers to segments that have no socket: segment/reset.c. */
#ifndef _XTCP_RESET_H
#define _XTCP_RESET_H

#include <xtcp/af.h>
#include <xtcp/counters.h>

struct xtcp_segment;

/**
 * xtcp_reset_reply() - answer a segment with RST (RFC 9293 3.5.2)
 * @xn: namespace
 * @af: family of @skb
 * @skb: the offending segment, not eaten
 * @seg: its header; never an RST
 * @why: it was dropped, for the tracepoint
 * @sk: whose answer it is: socket, listener; NULL: nobody's
 *
 * Any context.
 */
void xtcp_reset_reply(struct xtcp_net *xn, const struct xtcp_af_ops *af,
		      const struct sk_buff *skb, const struct xtcp_segment *seg,
		      enum xtcp_drop why, const struct sock *sk);

#endif
