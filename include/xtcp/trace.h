/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM xtcp

#if !defined(_XTCP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _XTCP_TRACE_H

#include <linux/tracepoint.h>
#include <xtcp/sock.h>

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

/* A socket goes from one state to another. */
TRACE_EVENT(xtcp_set_state,
	TP_PROTO(const struct sock *sk, u8 oldstate, u8 newstate),
	TP_ARGS(sk, oldstate, newstate),
	TP_STRUCT__entry(
		__field(const void *, skaddr)
		__field(u8, oldstate)
		__field(u8, newstate)
		__field(u16, family)
		__field(u16, sport)
		__field(u16, dport)
		__array(u8, saddr, sizeof(struct sockaddr_in6))
		__array(u8, daddr, sizeof(struct sockaddr_in6))
	),
	TP_fast_assign(
		const struct xtcp_flow *flow = &xtcp_sk(sk)->flow;

		__entry->skaddr = sk;
		__entry->oldstate = oldstate;
		__entry->newstate = newstate;
		__entry->family = flow->family;
		__entry->sport = ntohs(inet_sk(sk)->inet_sport);
		__entry->dport = ntohs(inet_sk(sk)->inet_dport);
		xtcp_flow_sockaddr(flow, false, (struct sockaddr_in6 *)__entry->saddr);
		xtcp_flow_sockaddr(flow, true, (struct sockaddr_in6 *)__entry->daddr);
	),
	TP_printk("skaddr=%p family=%u sport=%u dport=%u saddr=%pISc daddr=%pISc oldstate=%s newstate=%s",
		  __entry->skaddr, __entry->family, __entry->sport,
		  __entry->dport, __entry->saddr, __entry->daddr,
		  xtcp_trace_state(__entry->oldstate),
		  xtcp_trace_state(__entry->newstate))
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH xtcp
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
