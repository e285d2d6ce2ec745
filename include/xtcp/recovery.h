/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finding out what was lost, and how much may be on its way: engine/recovery.c.
 * All under the socket lock.
 */
#ifndef _XTCP_RECOVERY_H
#define _XTCP_RECOVERY_H

#include <linux/types.h>

struct sock;
struct xtcp_sock;

/**
 * xtcp_recovery_acked() - snd_una moved
 * @sk: socket; the retransmission queue is clean already
 * @acked: by how many octets
 */
void xtcp_recovery_acked(struct sock *sk, u32 acked);

/* A duplicate ACK came (RFC 5681 section 2). */
void xtcp_recovery_dupack(struct sock *sk);

/* The retransmission timer fired: go back to snd_una (RFC 5681 3.1). */
void xtcp_recovery_timeout(struct sock *sk);

/* Send again what is known lost, as far as cwnd allows. */
void xtcp_recovery_push(struct sock *sk);

/* Octets on their way, by our best knowledge (RFC 6675 calls it pipe). */
u32 xtcp_recovery_pipe(const struct xtcp_sock *xs);

#endif
