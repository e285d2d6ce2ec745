// SPDX-License-Identifier: GPL-2.0
/* RST for a segment that no connection wants: RFC 9293 section 3.5.2. */

#include <xtcp/header.h>
#include <xtcp/net.h>
#include <xtcp/reset.h>
#include <xtcp/tcb.h>
#include <xtcp/trace.h>

void xtcp_reset_reply(struct xtcp_net *xn, const struct xtcp_af_ops *af,
		      const struct sk_buff *skb, const struct xtcp_segment *seg,
		      enum xtcp_drop why, const struct sock *sk)
{
	struct xtcp_origin from = sk ? xtcp_origin_of(sk) :
				       (struct xtcp_origin){ .tos = XTCP_TOS_OF_SEGMENT };
	const struct tcphdr *in = tcp_hdr(skb);
	struct xtcp_header h = {
		.source	= in->dest,
		.dest	= in->source,
	};
	struct tcphdr th;

	if (seg->ctl & XTCP_RST)
		return;
	if (seg->ctl & XTCP_ACK) {
		h.ctl = XTCP_RST;
		h.seq = seg->ack;
	} else {
		h.ctl = XTCP_RST | XTCP_ACK;
		h.ack = seg->seq + xtcp_segment_len(seg);
	}
	xtcp_header_write(&th, &h);
	xtcp_count(xn, XTCP_CNT_OUT_RSTS);
	trace_xtcp_send_reset(NULL, NULL, skb, h.seq, why);
	af->reply(xn, skb, &th, &from);
}
