/* SPDX-License-Identifier: GPL-2.0 */
/* What the tracepoints of trace.h share: admin/trace.c fills it. */
#ifndef _XTCP_TRACE_FIELDS_H
#define _XTCP_TRACE_FIELDS_H

#include <linux/in6.h>
#include <linux/skbuff.h>
#include <linux/socket.h>

struct xtcp_flow;

enum xtcp_retransmit_kind {
	XTCP_RETRANSMIT_SYN,
	XTCP_RETRANSMIT_SYN_ACK,
	XTCP_RETRANSMIT_FIN,		/* without text */
	XTCP_RETRANSMIT_DATA,
};

/* Both ends, each a struct sockaddr of either family: %pIS prints them. */
struct xtcp_trace_ends {
	u16 family;
	u16 sport;			/* host order */
	u16 dport;
	u8 saddr[sizeof(struct sockaddr_in6)];
	u8 daddr[sizeof(struct sockaddr_in6)];
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
		__array(u8, saddr, sizeof(struct sockaddr_in6))		\
		__array(u8, daddr, sizeof(struct sockaddr_in6))

#define XTCP_TRACE_SET_ENDS(flow, skb)					\
	do {								\
		struct xtcp_trace_ends ends;				\
									\
		xtcp_trace_ends(&ends, flow, skb);			\
		__entry->family = ends.family;				\
		__entry->sport = ends.sport;				\
		__entry->dport = ends.dport;				\
		memcpy(__entry->saddr, ends.saddr, sizeof(ends.saddr));	\
		memcpy(__entry->daddr, ends.daddr, sizeof(ends.daddr));	\
	} while (0)

#define XTCP_TRACE_ENDS_FORMAT						\
	"family=%u sport=%u dport=%u saddr=%pISc daddr=%pISc"
#define XTCP_TRACE_ENDS_ARGS						\
	__entry->family, __entry->sport, __entry->dport,		\
	__entry->saddr, __entry->daddr

#endif
