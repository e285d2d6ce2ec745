/* SPDX-License-Identifier: GPL-2.0 */
/* Initial sequence numbers (RFC 6528) and timestamp offsets: open/isn.c. */
#ifndef _XTCP_ISN_H
#define _XTCP_ISN_H

#include <linux/siphash.h>

struct xtcp_flow;
struct xtcp_net;

/* F(localip, localport, remoteip, remoteport, secret). Pure. */
u32 xtcp_isn_hash(const struct xtcp_flow *flow, const siphash_key_t *secret);
/* M: one tick every @tick_ns. Pure. */
u32 xtcp_isn_clock(u64 now_ns, u32 tick_ns);
/* ISN = M + F, now. Any context. */
u32 xtcp_isn_new(struct xtcp_net *xn, const struct xtcp_flow *flow);
/* What this pair of addresses adds to our timestamp clock (RFC 7323 5.4). */
u32 xtcp_isn_ts_offset(struct xtcp_net *xn, const struct xtcp_flow *flow);

#endif
