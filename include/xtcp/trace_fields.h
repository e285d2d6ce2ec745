/* SPDX-License-Identifier: GPL-2.0 */
/* What the tracepoints of trace.h share: base/trace.c fills it. */
#ifndef _XTCP_TRACE_FIELDS_H
#define _XTCP_TRACE_FIELDS_H

#include <linux/in6.h>
#include <linux/skbuff.h>

struct xtcp_flow;

enum xtcp_retransmit_kind {
	XTCP_RETRANSMIT_SYN,
	XTCP_RETRANSMIT_SYN_ACK,
	XTCP_RETRANSMIT_FIN,		/* without text */
	XTCP_RETRANSMIT_DATA,
};

/* Both ends, as the tracepoints of the kernel's TCP have them. */
struct xtcp_trace_ends {
	u16 family;			/* on the wire */
	u16 sport;			/* host order */
	u16 dport;
	u8 saddr[4];			/* of IPv6: zero */
	u8 daddr[4];
	u8 saddr_v6[16];		/* of IPv4: mapped */
	u8 daddr_v6[16];
};

/* What the header of an incoming segment says; zero where there is none. */
struct xtcp_trace_header {
	u32 seq;
	u32 ack;
	u32 text_len;
	u8 ctl;
};

/* The ends of @flow; where that is NULL, those of the incoming @skb. */
void xtcp_trace_ends(struct xtcp_trace_ends *ends, const struct xtcp_flow *flow,
		     const struct sk_buff *skb);
void xtcp_trace_header(struct xtcp_trace_header *h, const struct sk_buff *skb);

/* In TP_STRUCT__entry, TP_fast_assign and TP_printk of every event. */
#define XTCP_TRACE_ENDS							\
		__field(u16, family)					\
		__field(u16, sport)					\
		__field(u16, dport)					\
		__array(u8, saddr, 4)					\
		__array(u8, daddr, 4)					\
		__array(u8, saddr_v6, 16)				\
		__array(u8, daddr_v6, 16)

#define XTCP_TRACE_SET_ENDS(flow, skb)					\
	do {								\
		struct xtcp_trace_ends ends;				\
									\
		xtcp_trace_ends(&ends, flow, skb);			\
		__entry->family = ends.family;				\
		__entry->sport = ends.sport;				\
		__entry->dport = ends.dport;				\
		memcpy(__entry->saddr, ends.saddr, 4);			\
		memcpy(__entry->daddr, ends.daddr, 4);			\
		memcpy(__entry->saddr_v6, ends.saddr_v6, 16);		\
		memcpy(__entry->daddr_v6, ends.daddr_v6, 16);		\
	} while (0)

#define XTCP_TRACE_ENDS_FORMAT						\
	"family=%s sport=%hu dport=%hu saddr=%pI4 daddr=%pI4 saddrv6=%pI6c daddrv6=%pI6c"
#define XTCP_TRACE_ENDS_ARGS						\
	__print_symbolic(__entry->family, { 2, "AF_INET" }, { 10, "AF_INET6" }), \
	__entry->sport, __entry->dport, __entry->saddr, __entry->daddr,	\
	__entry->saddr_v6, __entry->daddr_v6

#endif
