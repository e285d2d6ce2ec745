/* SPDX-License-Identifier: GPL-2.0 */
/* Pages that text is written to, and those that come back: engine/pages.c. */
#ifndef _XTCP_PAGES_H
#define _XTCP_PAGES_H

#include <linux/types.h>

struct page_frag;
struct sk_buff;
struct sock;

/**
 * xtcp_pages_refill() - room for text in a page
 * @sk: socket, locked
 * @pfrag: sk_page_frag(); afterwards with room for an octet at least
 *
 * Context: process. Return: false without memory.
 */
bool xtcp_pages_refill(struct sock *sk, struct page_frag *pfrag);

/**
 * xtcp_pages_keep() - take from an skb the pages that are no one else's any more
 * @skb: about to be freed, and no one's any more
 *
 * Any context but hard interrupts.
 */
void xtcp_pages_keep(struct sk_buff *skb);

/* Memory that sockets may have is short: give them all back. */
void xtcp_pages_give_back(void);

#ifdef XTCP_KUNIT
/* The machine wants @n pages of PAGE_SIZE. Return: as many as it got. */
unsigned long xtcp_pages_shrink(unsigned long n);
#endif

int xtcp_pages_init(void);
void xtcp_pages_exit(void);

#endif
