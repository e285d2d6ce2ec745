/* SPDX-License-Identifier: GPL-2.0 */
/* The end of a connection, and of its socket: engine/end.c. Socket lock. */
#ifndef _XTCP_END_H
#define _XTCP_END_H

struct sock;

/* The connection is over: CLOSED, timers off, out of the table, waiters woken. */
void xtcp_done(struct sock *sk);
/**
 * xtcp_fail() - the connection ended badly
 * @sk: socket, locked
 * @error: positive errno for the user; 0: none
 *
 * Unsent text is gone. Whoever polls finds the error and the hangup together.
 */
void xtcp_fail(struct sock *sk, int error);
/* A child never accepted; its lock held, BH off. Its last own reference goes. */
void xtcp_destroy_unaccepted(struct sock *sk);
/* Everything of an earlier connection is forgotten; options of the user stay. */
void xtcp_reset_connection(struct sock *sk);
/* Free a socket that is CLOSED and that nobody owns (SOCK_DEAD). */
void xtcp_destroy(struct sock *sk);

#endif
