/** What the starter looks like: its page at a small size; the pictures are in `web/public/starters`. */
export function StarterPicture(props: { id: string }) {
  return (
    <img
      src={`/starters/${props.id}.webp`}
      alt=""
      width="320"
      height="200"
      loading="lazy"
      class="aspect-[8/5] w-full bg-sunken object-cover"
    />
  );
}
