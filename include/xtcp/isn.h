/* SPDX-License-Identifier: GPL-2.0 */
/* Initial sequence numbers (RFC 6528) and timestamp offsets: segment/isn.c. */
#ifndef _XTCP_ISN_H
#define _XTCP_ISN_H

#include <linux/siphash.h>

struct xtcp_flow;
struct xtcp_net;

/* siphash of localip, localport, remoteip, remoteport. Pure. */
u64 xtcp_isn_siphash(const struct xtcp_flow *flow, const siphash_key_t *secret);
/* F(localip, localport, remoteip, remoteport, secret): its low half. Pure. */
u32 xtcp_isn_hash(const struct xtcp_flow *flow, const siphash_key_t *secret);
/* M: one tick every @tick_ns. Pure. */
u32 xtcp_isn_clock(u64 now_ns, u32 tick_ns);
/**
 * xtcp_isn_new() - an ISN for a new connection
 * @xn: namespace, for M's tick and F's secret
 * @flow: its addresses and ports
 * @mode: enum xtcp_isn_mode
 *
 * Any context.
 */
u32 xtcp_isn_new(struct xtcp_net *xn, const struct xtcp_flow *flow, u32 mode);
/* Another secret for F. Any context. */
void xtcp_isn_draw(struct xtcp_net *xn);
/* What a connection adds to our timestamp clock, in each of its lives (RFC 7323 5.4). */
u32 xtcp_isn_ts_offset(struct xtcp_net *xn, const struct xtcp_flow *flow);
/* The same, if it is not 0, by the knob; it never changes. Any context. */
u32 xtcp_isn_ts_offset_drawn(const struct xtcp_net *xn, const struct xtcp_flow *flow);

#endif
