/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What few sockets have: values that the user gave to it alone, Fast Open, what a listener
 * is. In an object behind the socket, made when there is something to keep. All others
 * share one that says nothing, so that readers need not ask which it is: base/own.c.
 */
#ifndef _XTCP_OWN_H
#define _XTCP_OWN_H

#include <linux/types.h>
#include <xtcp/fastopen.h>

struct sock;
struct xtcp_listener;
struct xtcp_reservation;
struct xtcp_saved_syn;

/* Values of knobs that the user set for this socket alone (SOL_XTCP). */
struct xtcp_own_knobs {
	u32 syn_retries;
	u32 synack_retries;
	u32 rto_init_ms;
	u32 rto_min_ms;
	u32 rto_max_ms;
	u32 msl_ms;
	u32 handshake_ways;
	u32 isn_mode;
	u32 wire_protocol;
};

#define XTCP_OWN_UNSET U32_MAX		/* the knob of the namespace holds */

/* Written under the socket lock. */
struct xtcp_own {
	struct xtcp_own_knobs knobs;	/* XTCP_OWN_UNSET: the knob */
	u8 defer_accept;		/* TCP_DEFER_ACCEPT, in SYN-ACKs sent again */
	u8 save_syn;			/* TCP_SAVE_SYN */
	bool recv_inq;			/* TCP_INQ */
	s32 linger2_ms;			/* 0: the knob, < 0: do not wait */
	u32 user_timeout_ms;		/* 0: none */
	u32 window_clamp;		/* never advertise more; 0: no such limit */
	u32 notsent_lowat;		/* unsent octets that make writers wait; 0: none */
	u32 keepidle_ms;		/* these three: 0, the knob */
	u32 keepintvl_ms;
	u32 keepcnt;

	struct xtcp_fastopen fastopen;
	struct xtcp_saved_syn *saved_syn; /* a child's, for TCP_SAVED_SYN */
	struct xtcp_listener __rcu *listener; /* NULL: does not listen */
	struct xtcp_reservation *reservation; /* of its 4-tuple, protocol 6 (reserve.c) */
};

/* Of all that have none. */
extern const struct xtcp_own xtcp_own_none;

/**
 * xtcp_own_make() - the object of a socket, to be written
 * @sk: socket, locked
 * @gfp: may it sleep?
 *
 * It stays as long as the socket. Return: NULL without memory, and none is there.
 */
struct xtcp_own *xtcp_own_make(struct sock *sk, gfp_t gfp);
/**
 * xtcp_own_of_child() - what a child has of its listener
 * @sk: the listener's socket
 * @own: set to a copy; to that of all others if nothing was set
 *
 * Any context. Return: false without memory.
 */
bool xtcp_own_of_child(const struct sock *sk, const struct xtcp_own **own);
/* That of @sk if it has one, to be written; else NULL. Socket lock. */
struct xtcp_own *xtcp_own(const struct sock *sk);
/* From sk_destruct, or of no socket. */
void xtcp_own_free(const struct xtcp_own *own);

#ifdef XTCP_KUNIT
extern bool xtcp_own_no_memory;		/* for one more */
#endif

#endif
