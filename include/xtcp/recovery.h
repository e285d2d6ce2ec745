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

/* Text may be sent from now on, by what is known of the handshake: the initial window. */
void xtcp_recovery_start(struct sock *sk);
/* The handshake of a child that its SYN opened (RFC 7413) is complete: the same. */
void xtcp_recovery_established(struct sock *sk);

/**
 * xtcp_recovery_acked() - snd_una moved
 * @sk: socket; the retransmission queue is clean already
 * @acked: by how many octets
 * @segments: these were so many
 * @now_us: the time
 */
void xtcp_recovery_acked(struct sock *sk, u32 acked, u32 segments, u64 now_us);

/* A duplicate ACK came (RFC 5681 section 2). */
void xtcp_recovery_dupack(struct sock *sk);

/*
 * The retransmission timer fired. True: no timeout; what duplicate ACKs found lost (RFC
 * 5681 3.2) had not left this machine, and was tried once more.
 */
bool xtcp_recovery_retry(struct sock *sk);
/* Else: go back to snd_una (RFC 5681 3.1). */
void xtcp_recovery_timeout(struct sock *sk);

/*
 * The path takes no longer what is outstanding, in segments that are larger than they
 * are from now on: that is lost, though not to congestion.
 */
void xtcp_recovery_too_large(struct sock *sk);

/* Before something is sent: has the connection been idle (RFC 5681 4.1)? */
void xtcp_recovery_idle(struct sock *sk);

/* Send again what is known lost, as far as cwnd allows. */
void xtcp_recovery_push(struct sock *sk);

/**
 * xtcp_recovery_allows() - how much new text may go
 * @xs: socket
 * @len: octets of it that there are, with a FIN perhaps
 *
 * None while something is to be sent again; else as far as cwnd goes (RFC 5681 3.1),
 * with limited transmit (RFC 3042). Return: octets, all or so many whole segments; -1:
 * nothing, and no FIN.
 */
int xtcp_recovery_allows(const struct xtcp_sock *xs, u32 len);

#endif
