/* SPDX-License-Identifier: GPL-2.0 */
/* The segment size: engine/mss.c. Under the socket lock. */
#ifndef _XTCP_MSS_H
#define _XTCP_MSS_H

#include <linux/types.h>

struct dst_entry;
struct sock;
struct xtcp_af_ops;

/* Text per segment from the path MTU, the peer's MSS, the options; and per skb. */
void xtcp_mss_sync(struct sock *sk, u32 pmtu);
/* The same where it is due: the route, the peer's window or a knob changed. */
void xtcp_mss_refresh(struct sock *sk);
/* Text per skb alone: on more than one segment's, which buffers and knobs bound. */
void xtcp_mss_set_goal(struct sock *sk);
/* The MSS option to announce over @dst (RFC 9293 3.7.1). */
u16 xtcp_mss_announced(const struct sock *sk, const struct xtcp_af_ops *af,
		       const struct dst_entry *dst);

#endif
