/* SPDX-License-Identifier: GPL-2.0 */
/* What we know of an skb of ours. */
#ifndef _XTCP_SKB_H
#define _XTCP_SKB_H

#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/ip.h>

/* In skb->cb, both directions; the skb's owner's, under his lock. */
struct xtcp_skb_cb {
	union {				/* the IP layer's, on the way in */
		struct inet_skb_parm h4;
#if IS_ENABLED(CONFIG_IPV6)
		struct inet6_skb_parm h6;
#endif
	} header;
	u32 seq;
	u32 end_seq;			/* SYN and FIN count */
	u16 mss;			/* sent: in segments of as many octets; 0: not sent */
	u8 ctl;				/* enum xtcp_control */
	u8 retransmits;			/* sent that often again */
	bool record_end;		/* MSG_EOR: no more text may follow in it */
	bool kept;			/* not sent, the last time: this machine refused it */
	bool cut;			/* a filter took the end of its text away */
};

#define XTCP_SKB_CB(skb) ((struct xtcp_skb_cb *)&((skb)->cb[0]))

/* The segments that @skb came in as: what was joined, or never cut up, is several. */
static inline u32 xtcp_skb_segments(const struct sk_buff *skb)
{
	return max_t(u32, skb_shinfo(skb)->gso_segs, 1);
}

#endif
