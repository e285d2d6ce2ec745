// SPDX-License-Identifier: GPL-2.0
/* The header of a segment (RFC 9293 section 3.1), from octets and to octets. */

#include <linux/skbuff.h>
#include <xtcp/header.h>
#include <xtcp/skb.h>

void xtcp_header_write(struct tcphdr *th, const struct xtcp_header *h)
{
	th->source = h->source;
	th->dest = h->dest;
	th->seq = htonl(h->seq);
	th->ack_seq = htonl(h->ack);
	*(__be16 *)((u8 *)th + 12) =
		htons(xtcp_header_len(h) / 4 << 12 | h->ctl);
	th->window = htons(h->wnd);
	th->check = 0;
	th->urg_ptr = htons(h->up);
	xtcp_options_write((__be32 *)(th + 1), &h->opt);
}

void xtcp_header_parse(struct sk_buff *skb, struct xtcp_segment *seg)
{
	const struct tcphdr *th = tcp_hdr(skb);
	unsigned int header_len = th->doff * 4;
	struct xtcp_skb_cb *cb = XTCP_SKB_CB(skb);

	seg->seq = ntohl(th->seq);
	seg->ack = ntohl(th->ack_seq);
	seg->wnd = ntohs(th->window);
	seg->up = ntohs(th->urg_ptr);
	seg->ctl = xtcp_control_bits(th);
	/* A FIN is behind its text: it comes again with what was cut off. */
	if (cb->cut)
		seg->ctl &= ~XTCP_FIN;
	seg->text_len = skb->len - header_len;
	xtcp_options_parse((const u8 *)(th + 1), header_len - sizeof(*th), &seg->opt);
	cb->seq = seg->seq;
	cb->end_seq = seg->seq + xtcp_segment_len(seg);
	cb->ctl = seg->ctl;
}
