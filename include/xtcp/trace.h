/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints, /sys/kernel/tracing/events/xtcp. In all of them s (sport, saddr)
 * is our end and d the peer's, whichever way a segment went, and skaddr tells
 * one socket, request or TIME_WAIT record from another. Off, each costs a
 * no-op (a static key).
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM xtcp

#if !defined(_XTCP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _XTCP_TRACE_H

#include <linux/tracepoint.h>
#include <xtcp/sock.h>
#include <xtcp/trace_fields.h>

/* For perf and trace-cmd: names of enums mean nothing outside of the kernel. */
TRACE_DEFINE_ENUM(XTCP_ESTABLISHED);
TRACE_DEFINE_ENUM(XTCP_SYN_SENT);
TRACE_DEFINE_ENUM(XTCP_SYN_RCVD);
TRACE_DEFINE_ENUM(XTCP_FIN_WAIT_1);
TRACE_DEFINE_ENUM(XTCP_FIN_WAIT_2);
TRACE_DEFINE_ENUM(XTCP_TIME_WAIT);
TRACE_DEFINE_ENUM(XTCP_CLOSED);
TRACE_DEFINE_ENUM(XTCP_CLOSE_WAIT);
TRACE_DEFINE_ENUM(XTCP_LAST_ACK);
TRACE_DEFINE_ENUM(XTCP_LISTEN);
TRACE_DEFINE_ENUM(XTCP_CLOSING);
TRACE_DEFINE_ENUM(XTCP_FIN);
TRACE_DEFINE_ENUM(XTCP_SYN);
TRACE_DEFINE_ENUM(XTCP_RST);
TRACE_DEFINE_ENUM(XTCP_PSH);
TRACE_DEFINE_ENUM(XTCP_ACK);
TRACE_DEFINE_ENUM(XTCP_URG);
TRACE_DEFINE_ENUM(XTCP_ECE);
TRACE_DEFINE_ENUM(XTCP_CWR);
TRACE_DEFINE_ENUM(XTCP_RETRANSMIT_SYN);
TRACE_DEFINE_ENUM(XTCP_RETRANSMIT_SYN_ACK);
TRACE_DEFINE_ENUM(XTCP_RETRANSMIT_FIN);
TRACE_DEFINE_ENUM(XTCP_RETRANSMIT_DATA);

#define xtcp_trace_state(state)						\
	__print_symbolic(state,						\
		{ XTCP_ESTABLISHED, "ESTABLISHED" },			\
		{ XTCP_SYN_SENT, "SYN_SENT" },				\
		{ XTCP_SYN_RCVD, "SYN_RCVD" },				\
		{ XTCP_FIN_WAIT_1, "FIN_WAIT_1" },			\
		{ XTCP_FIN_WAIT_2, "FIN_WAIT_2" },			\
		{ XTCP_TIME_WAIT, "TIME_WAIT" },			\
		{ XTCP_CLOSED, "CLOSED" },				\
		{ XTCP_CLOSE_WAIT, "CLOSE_WAIT" },			\
		{ XTCP_LAST_ACK, "LAST_ACK" },				\
		{ XTCP_LISTEN, "LISTEN" },				\
		{ XTCP_CLOSING, "CLOSING" })

#define xtcp_trace_ctl(ctl)						\
	__print_flags(ctl, "|",						\
		{ XTCP_SYN, "SYN" }, { XTCP_FIN, "FIN" },		\
		{ XTCP_RST, "RST" }, { XTCP_PSH, "PSH" },		\
		{ XTCP_ACK, "ACK" }, { XTCP_URG, "URG" },		\
		{ XTCP_ECE, "ECE" }, { XTCP_CWR, "CWR" })

#define xtcp_trace_kind(kind)						\
	__print_symbolic(kind,						\
		{ XTCP_RETRANSMIT_SYN, "SYN" },				\
		{ XTCP_RETRANSMIT_SYN_ACK, "SYN-ACK" },			\
		{ XTCP_RETRANSMIT_FIN, "FIN" },				\
		{ XTCP_RETRANSMIT_DATA, "data" })

/* Why a segment was dropped, or an RST sent: counters, under their names. */
#undef XTCP_TRACE_DROP
#undef XTCP_TRACE_EVENT
#define XTCP_TRACE_DROP(suffix, name, core) TRACE_DEFINE_ENUM(XTCP_DROP_##suffix);
#define XTCP_TRACE_EVENT(suffix, name) TRACE_DEFINE_ENUM(XTCP_CNT_##suffix);
XTCP_DROP_LIST(XTCP_TRACE_DROP)
XTCP_ABORT_LIST(XTCP_TRACE_EVENT)

#undef XTCP_TRACE_DROP
#undef XTCP_TRACE_EVENT
#define XTCP_TRACE_DROP(suffix, name, core) { XTCP_DROP_##suffix, name },
#define XTCP_TRACE_EVENT(suffix, name) { XTCP_CNT_##suffix, name },

#define xtcp_trace_why(why)						\
	__print_symbolic(why, XTCP_DROP_LIST(XTCP_TRACE_DROP)		\
			 XTCP_ABORT_LIST(XTCP_TRACE_EVENT)		\
			 { 0, "none" })

/* A socket, request or TIME_WAIT record goes from one state to another. */
TRACE_EVENT(xtcp_set_state,
	TP_PROTO(const void *skaddr, const struct xtcp_flow *flow, u8 oldstate,
		 u8 newstate),
	TP_ARGS(skaddr, flow, oldstate, newstate),
	TP_STRUCT__entry(
		__field(const void *, skaddr)
		__field(u8, oldstate)
		__field(u8, newstate)
		XTCP_TRACE_ENDS
	),
	TP_fast_assign(
		__entry->skaddr = skaddr;
		__entry->oldstate = oldstate;
		__entry->newstate = newstate;
		XTCP_TRACE_SET_ENDS(flow, NULL);
	),
	TP_printk("skaddr=%p " XTCP_TRACE_ENDS_FORMAT " oldstate=%s newstate=%s",
		  __entry->skaddr, XTCP_TRACE_ENDS_ARGS,
		  xtcp_trace_state(__entry->oldstate),
		  xtcp_trace_state(__entry->newstate))
);

/* A segment came in and was not used. */
TRACE_EVENT(xtcp_drop,
	TP_PROTO(const struct sk_buff *skb, unsigned int reason),
	TP_ARGS(skb, reason),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(u32, seq)
		__field(u32, ack)
		__field(u32, length)
		__field(u16, reason)
		__field(u8, flags)
		XTCP_TRACE_ENDS
	),
	TP_fast_assign(
		struct xtcp_trace_header header;

		xtcp_trace_header(&header, skb);
		__entry->skbaddr = skb;
		__entry->reason = reason;
		__entry->seq = header.seq;
		__entry->ack = header.ack;
		__entry->flags = header.ctl;
		__entry->length = header.text_len;
		XTCP_TRACE_SET_ENDS(NULL, skb);
	),
	TP_printk("skbaddr=%p " XTCP_TRACE_ENDS_FORMAT " seq=%u ack=%u flags=%s length=%u reason=%s",
		  __entry->skbaddr, XTCP_TRACE_ENDS_ARGS, __entry->seq,
		  __entry->ack, xtcp_trace_ctl(__entry->flags), __entry->length,
		  xtcp_trace_why(__entry->reason))
);

/*
 * A segment goes out again, the @retries-th time; @rto_us is how long its
 * answer is waited for now.
 */
TRACE_EVENT(xtcp_retransmit,
	TP_PROTO(const void *skaddr, const struct xtcp_flow *flow,
		 enum xtcp_retransmit_kind kind, u32 seq, u32 length,
		 unsigned int retries, u64 rto_ns),
	TP_ARGS(skaddr, flow, kind, seq, length, retries, rto_ns),
	TP_STRUCT__entry(
		__field(const void *, skaddr)
		__field(u32, seq)
		__field(u32, length)
		__field(u32, rto_us)
		__field(u8, retries)
		__field(u8, kind)
		XTCP_TRACE_ENDS
	),
	TP_fast_assign(
		__entry->skaddr = skaddr;
		__entry->kind = kind;
		__entry->seq = seq;
		__entry->length = length;
		__entry->retries = retries;
		__entry->rto_us = div_u64(rto_ns, NSEC_PER_USEC);
		XTCP_TRACE_SET_ENDS(flow, NULL);
	),
	TP_printk("skaddr=%p " XTCP_TRACE_ENDS_FORMAT " kind=%s seq=%u length=%u retries=%u rto_us=%u",
		  __entry->skaddr, XTCP_TRACE_ENDS_ARGS,
		  xtcp_trace_kind(__entry->kind), __entry->seq, __entry->length,
		  __entry->retries, __entry->rto_us)
);

/*
 * An RST goes out: of @flow, or where there is none (skaddr=0) as the answer to
 * @skb, for the reason that this was dropped.
 */
TRACE_EVENT(xtcp_send_reset,
	TP_PROTO(const void *skaddr, const struct xtcp_flow *flow,
		 const struct sk_buff *skb, u32 seq, unsigned int why),
	TP_ARGS(skaddr, flow, skb, seq, why),
	TP_STRUCT__entry(
		__field(const void *, skaddr)
		__field(u32, seq)
		__field(u16, why)
		XTCP_TRACE_ENDS
	),
	TP_fast_assign(
		__entry->skaddr = skaddr;
		__entry->seq = seq;
		__entry->why = why;
		XTCP_TRACE_SET_ENDS(flow, skb);
	),
	TP_printk("skaddr=%p " XTCP_TRACE_ENDS_FORMAT " seq=%u why=%s",
		  __entry->skaddr, XTCP_TRACE_ENDS_ARGS, __entry->seq,
		  xtcp_trace_why(__entry->why))
);

/* An RST came in that ends a socket, request or TIME_WAIT record. */
TRACE_EVENT(xtcp_receive_reset,
	TP_PROTO(const void *skaddr, const struct xtcp_flow *flow, u8 state),
	TP_ARGS(skaddr, flow, state),
	TP_STRUCT__entry(
		__field(const void *, skaddr)
		__field(u8, state)
		XTCP_TRACE_ENDS
	),
	TP_fast_assign(
		__entry->skaddr = skaddr;
		__entry->state = state;
		XTCP_TRACE_SET_ENDS(flow, NULL);
	),
	TP_printk("skaddr=%p " XTCP_TRACE_ENDS_FORMAT " state=%s",
		  __entry->skaddr, XTCP_TRACE_ENDS_ARGS,
		  xtcp_trace_state(__entry->state))
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH xtcp
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
