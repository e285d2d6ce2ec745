// SPDX-License-Identifier: GPL-2.0
/* The state of a socket: names, legal transitions, one setter. */

#include <net/tcp_states.h>
#include <xtcp/sock.h>
#include <xtcp/state.h>
#include <xtcp/trace.h>

static const char *const names[XTCP_STATES] = {
	[XTCP_ESTABLISHED]	= "ESTABLISHED",
	[XTCP_SYN_SENT]		= "SYN_SENT",
	[XTCP_SYN_RCVD]		= "SYN_RCVD",
	[XTCP_FIN_WAIT_1]	= "FIN_WAIT_1",
	[XTCP_FIN_WAIT_2]	= "FIN_WAIT_2",
	[XTCP_TIME_WAIT]	= "TIME_WAIT",
	[XTCP_CLOSED]		= "CLOSED",
	[XTCP_CLOSE_WAIT]	= "CLOSE_WAIT",
	[XTCP_LAST_ACK]		= "LAST_ACK",
	[XTCP_LISTEN]		= "LISTEN",
	[XTCP_CLOSING]		= "CLOSING",
};

/*
 * RFC 9293 figure 5: where each state may lead. CLOSED is always allowed: RST,
 * timeouts and abort() come at any time. TIME_WAIT is entered by a record.
 */
static const u16 legal[XTCP_STATES] = {
	[XTCP_CLOSED]		= TCPF_LISTEN | TCPF_SYN_SENT,
	[XTCP_LISTEN]		= TCPF_SYN_RECV,
	[XTCP_SYN_SENT]		= TCPF_SYN_RECV | TCPF_ESTABLISHED,
	[XTCP_SYN_RCVD]		= TCPF_ESTABLISHED | TCPF_FIN_WAIT1,
	[XTCP_ESTABLISHED]	= TCPF_FIN_WAIT1 | TCPF_CLOSE_WAIT,
	[XTCP_FIN_WAIT_1]	= TCPF_FIN_WAIT2 | TCPF_CLOSING,
	[XTCP_CLOSE_WAIT]	= TCPF_LAST_ACK,
};

const char *xtcp_state_name(unsigned int state)
{
	return state < XTCP_STATES && names[state] ? names[state] : "?";
}

void xtcp_state_set(struct sock *sk, enum xtcp_state state)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u8 old = xs->tcb.state;

	WARN_ONCE(state != XTCP_CLOSED && !(legal[old] & (1 << state)),
		  "xtcp: %s may not become %s\n", xtcp_state_name(old),
		  xtcp_state_name(state));
	if ((old == XTCP_ESTABLISHED || old == XTCP_CLOSE_WAIT) && state == XTCP_CLOSED)
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_ESTAB_RESETS);
	if ((old == XTCP_SYN_SENT || old == XTCP_SYN_RCVD) && state == XTCP_CLOSED)
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_ATTEMPT_FAILS);
	if (xtcp_opening(sk) && state == XTCP_ESTABLISHED)
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_ACTIVE_ESTABLISHED);
	if (old == XTCP_SYN_SENT && state == XTCP_SYN_RCVD)
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_SIMULTANEOUS_OPENS);
	if (old == XTCP_SYN_RCVD)
		xtcp_fastopen_settle(sk);
	if (state == XTCP_CLOSED)
		xtcp_fastopen_ended(sk);
	trace_xtcp_set_state(sk, &xs->flow, old, state);
	xtcp_counters_move(xtcp_sk_net(sk), old, state);
	WRITE_ONCE(xs->state_since, (u32)jiffies);
	xs->tcb.state = state;
	inet_sk_set_state(sk, state);
}
