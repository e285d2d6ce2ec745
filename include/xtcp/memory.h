/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that a socket is charged with: engine/memory.c. Under the socket lock. */
#ifndef _XTCP_MEMORY_H
#define _XTCP_MEMORY_H

#include <linux/types.h>

struct sock;

/**
 * xtcp_memory_force() - charge a socket beyond every limit
 * @sk: socket
 * @size: octets that sk_mem_charge() will take at once
 *
 * Its memory cgroup pays, too. For what must not fail, and cannot grow: a FIN, a
 * part of what was charged already, the little that keeps a connection going.
 */
void xtcp_memory_force(struct sock *sk, int size);

/* Would @size octets more that came in be charged? They are reserved. */
bool xtcp_memory_has(struct sock *sk, int size);

/* Buffers must not grow now. */
bool xtcp_memory_scarce(const struct sock *sk);

/* Is what @sk has queued to send more than an orphan may hold? */
bool xtcp_memory_overdrawn(struct sock *sk);

/**
 * xtcp_memory_accepted() - from now on the accepting task's memory cgroup pays
 * @child: just accepted, not locked; what it holds already is charged
 *
 * Context: process.
 */
void xtcp_memory_accepted(struct sock *child);

#endif
