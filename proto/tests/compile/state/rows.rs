use greenroom_proto::*;

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
enum ListInEnum {
    Hand(List<u8, 4>),
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
enum MapInEnum {
    Scores { of: Map<u8, u8, 4> },
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
enum GridInEnum {
    Board([Grid<u8, 3, 3>; 2]),
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
enum TableInEnum {
    Units(Table<u8>),
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct ListInOption {
    hand: Option<List<u8, 4>>,
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct DeepInOption {
    hand: [Option<(u8, Map<u8, u8, 4>)>; 2],
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
enum PartInEnum {
    Hand {
        #[sync(seen = Seen::Nobody)]
        card: u8,
    },
}

#[derive(Replicate)]
#[sync(crate = "greenroom_proto")]
struct SeenTable {
    #[sync(seen = Seen::Nobody)]
    units: Table<u8>,
}

fn main() {}
