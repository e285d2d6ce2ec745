/* SPDX-License-Identifier: GPL-2.0 */
/* What is done once for all segments that come in one go: engine/batch.c. */
#ifndef _XTCP_BATCH_H
#define _XTCP_BATCH_H

struct sock;

/**
 * xtcp_batch_add() - carry out what is deferred when the segments at hand are processed
 * @sk: socket
 *
 * By its release_cb, under its lock, in this CPU's softirq; unless a user comes before, who
 * does it as he lets go. Nothing for one that is on its way out. Context: softirq, or BH off.
 */
void xtcp_batch_add(struct sock *sk);

#ifdef XTCP_KUNIT
/* What came so far was one batch. BH off. */
void xtcp_batch_end(void);
#endif

int xtcp_batch_init(void);
void xtcp_batch_exit(void);

#endif
