// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of text. As for all streams they come 32 KiB at a time (sk_page_frag()); where the
 * kernel clears each page that it hands out (init_on_alloc, as distributions have it) that
 * costs as much as to copy the text. So pages whose text is acknowledged, or was read on
 * this machine, are kept, a few on each CPU, and written to again, unless the machine wants
 * them back. Nobody sees what is in them: an skb has of a page what was written for it.
 */

#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/shrinker.h>
#include <linux/skbuff.h>
#include <net/sock.h>
#include <xtcp/compat.h>
#include <xtcp/pages.h>

/*
 * Two megabytes on each CPU that used as many, of what sk_page_frag() gives where memory is not
 * in pieces: what a connection between two ends of this machine has under way.
 */
enum { KEPT = 64, PAGES_SIZE = 32768 };

struct kept {
	struct page *page[KEPT];
};

static DEFINE_PER_CPU(struct kept, kept);

/* Marks a page as one of those, until it is freed. */
#define OURS ((unsigned long)&kept)

/*
 * Others have numbers in that place, too, and that of a percpu variable may be a small one.
 * What is of the reserve goes back there.
 */
static bool is_ours(struct page *page)
{
	return page_private(page) == OURS && page_size(page) == PAGES_SIZE &&
	       !page_is_pfmemalloc(page);
}

/* Slots change hands as a whole, by whichever CPU: no one need be kept out. */
static struct page *take(struct kept *from)
{
	struct page *page = NULL;
	int i;

	for (i = 0; i < KEPT && !page; i++) {
		if (READ_ONCE(from->page[i]))
			page = xchg(&from->page[i], NULL);
	}
	return page;
}

/* False: there are enough, or it is far from this CPU. */
static bool put(struct page *page)
{
	struct kept *to = raw_cpu_ptr(&kept);
	int i;

	if (page_to_nid(page) != numa_mem_id())
		return false;
	for (i = 0; i < KEPT; i++) {
		if (!READ_ONCE(to->page[i]) && !cmpxchg(&to->page[i], NULL, page))
			return true;
	}
	return false;
}

/* What sk_page_frag_refill() lets be before it looks for another page. */
enum { ROOM_LEAST = 32 };

static bool used_up(const struct page_frag *pfrag)
{
	return !pfrag->page || (pfrag->offset + ROOM_LEAST > pfrag->size &&
				page_ref_count(pfrag->page) > 1);
}

bool xtcp_pages_refill(struct sock *sk, struct page_frag *pfrag)
{
	struct page *page = used_up(pfrag) ? take(raw_cpu_ptr(&kept)) : NULL;

	if (page) {
		if (pfrag->page)
			put_page(pfrag->page);
		*pfrag = (struct page_frag){ .page = page, .size = PAGES_SIZE };
		return true;
	}
	if (!sk_page_frag_refill(sk, pfrag))
		return false;
	if (pfrag->size == PAGES_SIZE)
		set_page_private(pfrag->page, OURS);
	return true;
}

void xtcp_pages_keep(struct sk_buff *skb)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct page *page;

	if (skb_cloned(skb) || skb_shared(skb) || skb_zcopy(skb))
		return;
	while (shinfo->nr_frags) {
		page = skb_frag_page(&shinfo->frags[shinfo->nr_frags - 1]);
		/* Of a device that has memory or pages of its own: freed by the rules for these. */
		if (!page || !is_ours(page))
			return;
		shinfo->nr_frags--;
		if (page_ref_count(page) > 1 || !put(page))
			put_page(page);
	}
}

/* At least @n pages of PAGE_SIZE, if as many are kept. Return: how many it was. */
static unsigned long give_back(unsigned long n)
{
	unsigned long given = 0;
	struct page *page;
	int cpu;

	for_each_possible_cpu(cpu)
		while (given < n && (page = take(per_cpu_ptr(&kept, cpu)))) {
			put_page(page);
			given += PAGES_SIZE / PAGE_SIZE;
		}
	return given;
}

void xtcp_pages_give_back(void)
{
	give_back(ULONG_MAX);
}

/* --- to the machine ----------------------------------------------------------- */

static struct shrinker *shrinker;

static unsigned long count(struct shrinker *unused, struct shrink_control *control)
{
	unsigned long n = 0;
	int cpu, i;

	for_each_possible_cpu(cpu)
		for (i = 0; i < KEPT; i++)
			n += !!READ_ONCE(per_cpu_ptr(&kept, cpu)->page[i]);
	return n ? n * (PAGES_SIZE / PAGE_SIZE) : SHRINK_EMPTY;
}

static unsigned long scan(struct shrinker *unused, struct shrink_control *control)
{
	return give_back(control->nr_to_scan) ?: SHRINK_STOP;
}

#ifdef XTCP_KUNIT
unsigned long xtcp_pages_shrink(unsigned long n)
{
	struct shrink_control control = { .gfp_mask = GFP_KERNEL, .nr_to_scan = n };

	if (shrinker->count_objects(shrinker, &control) == SHRINK_EMPTY)
		return 0;
	return shrinker->scan_objects(shrinker, &control);
}
#endif

int xtcp_pages_init(void)
{
	shrinker = xtcp_shrinker_begin("xtcp-pages", count, scan);
	return shrinker ? 0 : -ENOMEM;
}

void xtcp_pages_exit(void)
{
	xtcp_shrinker_end(shrinker);
	xtcp_pages_give_back();
}
