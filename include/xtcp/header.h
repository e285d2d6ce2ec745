/* SPDX-License-Identifier: GPL-2.0 */
/* The header of a segment: segment/header.c. */
#ifndef _XTCP_HEADER_H
#define _XTCP_HEADER_H

#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <xtcp/options.h>
#include <xtcp/tcb.h>

/* Room in front of the text for every header to come. */
#define XTCP_HEADROOM L1_CACHE_ALIGN(128 + MAX_HEADER)

/* What goes into a header; addresses and checksum are the family's affair. */
struct xtcp_header {
	__be16 source;
	__be16 dest;
	u32 seq;
	u32 ack;
	u16 wnd;
	u16 up;				/* with XTCP_URG */
	u8 ctl;				/* enum xtcp_control */
	struct xtcp_options opt;
};

static inline unsigned int xtcp_header_len(const struct xtcp_header *h)
{
	return sizeof(struct tcphdr) + xtcp_options_len(&h->opt);
}

/**
 * xtcp_header_write() - write a header with its options
 * @th: room for xtcp_header_len() octets, 4-aligned
 * @h: what to write, numbers in host order
 *
 * RFC 9293 section 3.1. The checksum is left zero. Any context.
 */
void xtcp_header_write(struct tcphdr *th, const struct xtcp_header *h);

/**
 * xtcp_header_parse() - read the header of @skb into @seg
 * @skb: header linear, transport header set, skb->len is the whole segment
 * @seg: filled, in host order (RFC 9293 section 3.1)
 *
 * Also fills XTCP_SKB_CB(@skb)->seq, end_seq and ctl. Any context.
 */
void xtcp_header_parse(struct sk_buff *skb, struct xtcp_segment *seg);

#endif
